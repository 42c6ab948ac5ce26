// SPDX-License-Identifier: GPL-2.0-only
/* The model: commands about whole objects. */
#include "world.h"

#define RIGHTS_REGION	RIGHTS_TABLE

/* Of all that lives, in a world that has prices. */
static __u64 cost(const struct world *w)
{
	const struct prices *price = w->prices;
	__u64 sum = 0;
	int i;

	for (i = 0; price && i < SPACES; i++)
		sum += w->spaces[i].open * price->space + w->spaces[i].frames * price->frame +
		       !!w->spaces[i].frames * price->spare;
	for (i = 0; price && i < TABLES; i++)
		sum += w->tables[i].alive ? price->table[w->tables[i].bits] : 0;
	for (i = 0; price && i < PORTS; i++)
		sum += w->ports[i].alive ? price->port[w->ports[i].depth] : 0;
	for (i = 0; price && i < REGIONS; i++)
		sum += w->regions[i].alive ? price->region[w->regions[i].length / PAGE] : 0;
	for (i = 0; price && i < EXPORTS; i++)
		sum += w->exports[i].open ? price->export : 0;
	return sum;
}

bool do_op_query(struct doing *d)
{
	const struct space *space = &d->w->spaces[d->op->space];
	struct capmsg_query *query = &d->r.query;
	int i;

	query->out_abi_version = CAPMSG_ABI_VERSION;
	query->out_commands = CAPMSG_CMD_COUNT;
	query->out_inline_max = CAPMSG_INLINE_MAX;
	query->out_caps_max = CAPMSG_CAPS_MAX;
	query->out_iov_max = CAPMSG_IOV_MAX;
	query->out_depth_max = CAPMSG_DEPTH_MAX;
	if (space->ready) {
		query->out_frames = space->frames;
		query->out_frames_busy = frames_busy(d->w, d->op->space);
		query->out_root_bits = space->root_bits;
		query->out_plain_max = space->plain_max;
	}
	for (i = 0; i < SPACES; i++)
		query->out_user_objects += d->w->spaces[i].open + d->w->spaces[i].frames +
					   !!d->w->spaces[i].frames;
	for (i = 1; i < CAPMSG_TYPE_COUNT; i++)
		query->out_user_objects += objects_live(d->w, i);
	for (i = 0; i < EXPORTS; i++)
		query->out_user_objects += d->w->exports[i].open;
	for (i = 0; i < REGIONS; i++)
		if (d->w->regions[i].alive)
			query->out_user_pinned += d->w->regions[i].length / PAGE;
	query->out_user_bytes = cost(d->w);
	return done(d, 0);
}

bool do_op_setup(struct doing *d)
{
	const struct capmsg_setup *arg = &d->op->a.setup;
	struct space *space = &d->w->spaces[d->op->space];

	if (arg->__reserved || arg->frames > CAPMSG_FRAMES_MAX ||
	    (arg->root_bits && arg->root_bits < CAPMSG_BITS_MIN) ||
	    arg->root_bits > CAPMSG_BITS_MAX || arg->plain_max > CAPMSG_PLAIN_MAX)
		return done(d, -EINVAL);
	if (space->ready)
		return done(d, -EBUSY);
	space->frames = arg->frames ?: CAPMSG_FRAMES_DEFAULT;
	space->root_bits = arg->root_bits ?: CAPMSG_BITS_DEFAULT;
	space->plain_max = arg->plain_max ?: CAPMSG_PLAIN_DEFAULT;
	space->root = table_new(d->w, d->op->space, space->root_bits);
	space->ready = true;
	return done(d, 0);
}

/* The slot for a new object is looked at first, and stored into last. */
static int slot_for(struct doing *d, __u64 to, struct place *place)
{
	return walk_slot(d->w, d->op->space, to, CAPMSG_RIGHT_WRITE, place);
}

static bool publish(struct doing *d, const struct place *place, __u8 type, int index,
		    __u32 rights)
{
	place_slot(d->w, place)->cap = (struct cap){
		.type = type, .index = index, .rights = rights };
	return done(d, 0);
}

bool do_op_create_cappage(struct doing *d)
{
	const struct capmsg_create_cappage *arg = &d->op->a.create_cappage;
	__u32 bits = arg->bits ?: CAPMSG_BITS_DEFAULT;
	struct place place;
	int ret;

	if (arg->__reserved || bits < CAPMSG_BITS_MIN || bits > CAPMSG_BITS_MAX)
		return done(d, -EINVAL);
	ret = slot_for(d, arg->to, &place) ?: slot_check(place_slot(d->w, &place));
	if (ret)
		return done(d, ret);
	return publish(d, &place, CAPMSG_TYPE_CAPPAGE, table_new(d->w, d->op->space, bits),
		       RIGHTS_TABLE);
}

bool do_op_create_port(struct doing *d)
{
	const struct capmsg_create_port *arg = &d->op->a.create_port;
	struct place place;
	int ret;

	if (!arg->depth || arg->depth > CAPMSG_DEPTH_MAX ||
	    arg->max_size > CAPMSG_MESSAGE_MAX || arg->max_caps > CAPMSG_CAPS_MAX)
		return done(d, -EINVAL);
	ret = slot_for(d, arg->to, &place) ?: slot_check(place_slot(d->w, &place));
	if (ret)
		return done(d, ret);
	return publish(d, &place, CAPMSG_TYPE_PORT, port_new(d->w, d->op->space, arg),
		       RIGHTS_PORT);
}

bool do_op_register(struct doing *d)
{
	const struct capmsg_register *arg = &d->op->a.reg;
	struct place place;
	int ret;

	if (!arg->length || (arg->length | arg->address) % PAGE)
		return done(d, -EINVAL);
	ret = slot_for(d, arg->to, &place);
	if (!ret && arg->length > MEMORY_BYTES)
		ret = -EFAULT;	/* there is nothing behind it */
	ret = ret ?: slot_check(place_slot(d->w, &place));
	if (ret)
		return done(d, ret);
	return publish(d, &place, CAPMSG_TYPE_REGION,
		       region_new(d->w, d->op->space, d->op->memory, arg->length),
		       RIGHTS_REGION);
}

static bool region_used(const struct world *w, __u8 index)
{
	unsigned int i, n;

	for (i = 0; i < PORTS; i++)
		for (n = 0; w->ports[i].alive && n < w->ports[i].depth; n++)
			if (w->ports[i].posts[n].buffer.set &&
			    w->ports[i].posts[n].buffer.region == index)
				return true;
	for (i = 0; i < JOBS; i++)
		if (w->jobs[i].state != FREE && w->jobs[i].buffer.set &&
		    w->jobs[i].buffer.region == index)
			return true;
	return false;
}

bool do_op_unregister(struct doing *d)
{
	int ret;

	if (!d->step) {
		ret = walk_type(d->w, d->op->space, d->op->a.unregister.region,
				CAPMSG_TYPE_REGION, CAPMSG_RIGHT_DESTROY, &d->cap);
		return ret ? done(d, ret) : false;
	}
	if (region_used(d->w, d->cap.index))
		return done(d, -EBUSY);
	object_kill(d->w, CAPMSG_TYPE_REGION, d->cap.index);
	return done(d, 0);
}

bool do_op_destroy(struct doing *d)
{
	struct place place;

	if (walk_object(d->w, d->op->space, d->op->a.destroy.address, &place))
		return done(d, -ENOENT);
	if (!(place.cap.rights & CAPMSG_RIGHT_DESTROY))
		return done(d, -EACCES);
	object_kill(d->w, place.cap.type, place.cap.index);
	return done(d, 0);
}
