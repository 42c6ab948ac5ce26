/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: memory that a space has registered, from which posts are cut.
 */
#ifndef CAPMSG_REGION_H
#define CAPMSG_REGION_H

#include "object.h"
#include "pin.h"

/**
 * struct capmsg_region - registered memory
 */
struct capmsg_region {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @pin: the pages */
	struct capmsg_pin pin;
	/** @length: bytes; constant */
	u64 length;
	/** @cuts: posts that use it; body.lock */
	u32 cuts;
};

/**
 * struct capmsg_cut - the use that a post makes of a region
 *
 * Belongs to a post, whose port's lock guards @region.
 */
struct capmsg_cut {
	/** @region: the region, with a reference; NULL: none */
	struct capmsg_region *region;
	/** @through: the revoker it was named through, with a reference, or NULL */
	struct capmsg_object *through;
	/** @lien: tells the post when the region dies; the region's lock */
	struct capmsg_lien lien;
};

struct capmsg_region *capmsg_region_alloc(struct capmsg_account *account,
					  u64 address, u64 length);
bool capmsg_region_close(struct capmsg_region *region);
int capmsg_cut_attach(struct capmsg_cut *cut, struct capmsg_region *region);
void capmsg_cut_detach(struct capmsg_cut *cut);

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_region, body));

static inline struct capmsg_region *capmsg_region_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_region, body);
}

#endif /* CAPMSG_REGION_H */
