/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ports and senders for cases: every step of a transfer under the lock that
 * it needs, and a look at all the lists of a port.
 */
#ifndef CAPMSG_TESTS_PORT_KIT_H
#define CAPMSG_TESTS_PORT_KIT_H

#include "entry.h"
#include "kit.h"

struct capmsg_port *capmsg_port_kit(struct kunit *test, u32 depth);
struct capmsg_port *capmsg_port_kit_idle(struct kunit *test, u32 depth);
struct capmsg_sender *capmsg_sender_kit(struct kunit *test, u64 length);
void capmsg_port_kit_sound(struct kunit *test, struct capmsg_port *port);
void capmsg_port_kit_expect(struct kunit *test, struct capmsg_port *port,
			    u32 idle, u32 posted, u32 claimed, u32 filled,
			    u32 reaping);
void capmsg_port_kit_wait(struct kunit *test, struct capmsg_port *port,
			  struct capmsg_sender *sender);
int capmsg_port_kit_buffer(struct capmsg_port *port, u32 index,
			   struct capmsg_region *region, u64 length);
int capmsg_port_kit_landing(struct capmsg_port *port, u32 index,
			    struct capmsg_cappage *table, u32 first, u32 n);
int capmsg_port_kit_enter(struct capmsg_port *port,
			  struct capmsg_sender *sender);
bool capmsg_port_kit_begin(struct capmsg_port *port,
			   struct capmsg_sender *sender);
void capmsg_port_kit_end(struct capmsg_port *port,
			 struct capmsg_sender *sender, bool stalled);
int capmsg_port_kit_commit(struct capmsg_port *port,
			   struct capmsg_sender *sender);
void capmsg_port_kit_drop(struct capmsg_port *port,
			  struct capmsg_sender *sender);
struct capmsg_port_post *capmsg_port_kit_reap(struct capmsg_port *port);
ktime_t capmsg_port_kit_watch(struct capmsg_port *port,
			      struct capmsg_sender *sender);
bool capmsg_lines_kit_sound(struct capmsg_lines *lines);

#endif /* CAPMSG_TESTS_PORT_KIT_H */
