// SPDX-License-Identifier: GPL-2.0-only
/* Results of the module against those of the model, field by field. */
#include <capmsg.h>

#include "run.h"

bool mismatch_set(struct mismatch *out, const char *field, long long module, long long model)
{
	snprintf(out->field, sizeof(out->field), "%s", field);
	snprintf(out->module, sizeof(out->module), "%lld", module);
	snprintf(out->model, sizeof(out->model), "%lld", model);
	return false;
}

static bool same(struct mismatch *out, const char *field, long long module, long long model)
{
	return module == model || mismatch_set(out, field, module, model);
}

static bool rights_same(__u32 got, __u32 want, struct mismatch *out)
{
	if (got == want)
		return true;
	mismatch_set(out, "rights", got, want);
	capmsg_rights_format(got, out->module, sizeof(out->module));
	capmsg_rights_format(want, out->model, sizeof(out->model));
	return false;
}

static bool stat_same(const struct capmsg_stat *got, const struct capmsg_stat *want,
		      struct mismatch *out)
{
	if (!same(out, "type", got->out_type, want->out_type) ||
	    !rights_same(got->out_rights, want->out_rights, out) ||
	    !same(out, "badged", got->out_flags, want->out_flags) ||
	    !same(out, "guard_bits", got->out_guard_bits, want->out_guard_bits) ||
	    !same(out, "guard", got->out_guard, want->out_guard) ||
	    !same(out, "subpage", got->out_subpage, want->out_subpage) ||
	    !same(out, "subpage_bits", got->out_subpage_bits, want->out_subpage_bits) ||
	    !same(out, "bits", got->out_bits, want->out_bits) ||
	    !same(out, "depth", got->out_depth, want->out_depth) ||
	    !same(out, "max_size", got->out_max_size, want->out_max_size) ||
	    !same(out, "length", got->out_length, want->out_length) ||
	    !same(out, "max_caps", got->out_max_caps, want->out_max_caps) ||
	    !same(out, "posted", got->out_posted, want->out_posted) ||
	    !same(out, "claimed", got->out_claimed, want->out_claimed) ||
	    !same(out, "filled", got->out_filled, want->out_filled) ||
	    !same(out, "idle", got->out_idle, want->out_idle) ||
	    !same(out, "senders", got->out_senders, want->out_senders) ||
	    !same(out, "send_caps", got->out_send_caps, want->out_send_caps))
		return false;
	return true;
}

/*
 * Of what has died none or all may still be named somewhere; and what a waiting
 * command has found before it died is no tombstone yet.
 */
static bool use_same(const struct capmsg_query *got, const struct capmsg_query *want,
		     const struct world *w, struct mismatch *out)
{
	__u64 waiting = 0, live = got->out_user_objects - got->out_user_tombstones;
	__u64 bytes = want->out_user_bytes + got->out_user_tombstones * w->prices->tombstone;
	int i;

	for (i = 0; i < JOBS; i++)
		waiting += w->jobs[i].state != FREE;
	if (got->out_user_objects < want->out_user_objects ||
	    got->out_user_objects > want->out_user_objects + w->deaths)
		return mismatch_set(out, "user_objects", got->out_user_objects,
				    want->out_user_objects);
	if (live < want->out_user_objects || live > want->out_user_objects + waiting)
		return mismatch_set(out, "user_tombstones", got->out_user_tombstones,
				    got->out_user_objects - want->out_user_objects);
	return live != want->out_user_objects ||
	       same(out, "user_bytes", got->out_user_bytes, bytes);
}

static bool query_same(const struct capmsg_query *got, const struct capmsg_query *want,
		       const struct world *w, struct mismatch *out)
{
	if (!same(out, "abi_version", got->out_abi_version, want->out_abi_version) ||
	    !same(out, "commands", got->out_commands, want->out_commands) ||
	    !same(out, "inline_max", got->out_inline_max, want->out_inline_max) ||
	    !same(out, "caps_max", got->out_caps_max, want->out_caps_max) ||
	    !same(out, "iov_max", got->out_iov_max, want->out_iov_max) ||
	    !same(out, "depth_max", got->out_depth_max, want->out_depth_max) ||
	    !same(out, "frames", got->out_frames, want->out_frames) ||
	    !same(out, "frames_busy", got->out_frames_busy, want->out_frames_busy) ||
	    !same(out, "root_bits", got->out_root_bits, want->out_root_bits) ||
	    !same(out, "plain_max", got->out_plain_max, want->out_plain_max) ||
	    !same(out, "user_pinned", got->out_user_pinned, want->out_user_pinned))
		return false;
	return use_same(got, want, w, out);
}

static bool list_same(const struct result *got, const struct result *want,
		      struct mismatch *out)
{
	__u32 i;

	for (i = 0; i < got->n && i < want->n; i++) {
		const struct capmsg_list_entry *a = &got->entries[i], *b = &want->entries[i];

		if (!same(out, "slot", a->slot, b->slot) ||
		    !same(out, "type", a->type, b->type) ||
		    !rights_same(a->rights, b->rights, out) ||
		    !same(out, "flags", a->flags, b->flags) ||
		    !same(out, "guard", a->guard, b->guard) ||
		    !same(out, "guard_bits", a->guard_bits, b->guard_bits) ||
		    !same(out, "subpage", a->subpage, b->subpage) ||
		    !same(out, "subpage_bits", a->subpage_bits, b->subpage_bits) ||
		    !same(out, "__reserved", a->__reserved, 0))
			return false;
	}
	return same(out, "n", got->n, want->n) && same(out, "next", got->next, want->next);
}

static bool bytes_same(const char *bytes, __u32 length, __u8 seed, struct mismatch *out)
{
	long at = payload_check(bytes, length, seed);

	if (at < 0)
		return true;
	mismatch_set(out, "byte", at, at);
	snprintf(out->module, sizeof(out->module), "%ld: 0x%02x", at, (__u8)bytes[at]);
	return false;
}

/* The bytes of a message are where its record says; those in a region are looked at later. */
static bool message_same(const struct got *want, __u32 i, const struct exec *exec,
			 struct mismatch *out)
{
	__u32 length = want->record.out_length;

	if (want->record.out_flags & CAPMSG_RECORD_INLINE)
		return bytes_same(exec->inlined[i], length, want->seed, out);
	if (want->record.out_flags & CAPMSG_RECORD_PLAIN)
		return bytes_same(exec->plain, length, want->seed, out);
	return true;
}

static bool record_same(const struct got *a, const struct got *b, struct mismatch *out)
{
	const struct capmsg_record *got = &a->record, *want = &b->record;

	if (!same(out, "flags", got->out_flags, want->out_flags) ||
	    !same(out, "length", got->out_length, want->out_length) ||
	    !same(out, "badge", got->out_badge, want->out_badge) ||
	    !same(out, "cookie", got->out_cookie, want->out_cookie) ||
	    !same(out, "caps", got->out_n_caps, want->out_n_caps) ||
	    !same(out, "error", got->out_error, want->out_error))
		return false;
	if (want->out_flags & CAPMSG_RECORD_PLAIN)
		return true;
	if (!same(out, "post", got->out_post, want->out_post) ||
	    !same(out, "seq", got->out_seq, want->out_seq))
		return false;
	return true;
}

static bool records_same(const struct result *want, const struct exec *exec,
			 struct mismatch *out)
{
	const struct result *got = &exec->result;
	__u32 i;

	for (i = 0; i < got->n && i < want->n; i++)
		if (!record_same(&got->records[i], &want->records[i], out) ||
		    !message_same(&want->records[i], i, exec, out))
			return false;
	return same(out, "messages", got->n, want->n);
}

static bool answer_same(const struct op *op, const struct result *want,
			const struct exec *exec, struct mismatch *out)
{
	if (!same(out, "length", exec->result.length, want->length) ||
	    !same(out, "caps", exec->result.n_caps, want->n_caps))
		return false;
	if (op->a.call.flags & CAPMSG_CALL_REGION)
		return true;
	return bytes_same(exec->answer, want->length, want->seed, out);
}

bool result_same(const struct op *op, const struct result *want, const struct exec *exec,
		 const struct world *w, struct mismatch *out)
{
	const struct result *got = &exec->result;

	if (got->ret != want->ret && (!want->other || got->ret != want->other)) {
		mismatch_set(out, "errno", got->ret, want->ret);
		snprintf(out->module, sizeof(out->module), "%s", errno_name(got->ret));
		snprintf(out->model, sizeof(out->model), "%s", errno_name(want->ret));
		return false;
	}
	if (!same(out, "reposts done", got->reposted, want->reposted) ||
	    !same(out, "answered", got->answered, want->answered) ||
	    ((!got->ret || got->answered) &&
	     !same(out, "reply_error", got->reply_error, want->reply_error)))
		return false;
	if (got->ret)
		return true;
	switch (op->nr) {
	case CAPMSG_CMD_QUERY:
		return query_same(&got->query, &want->query, w, out);
	case CAPMSG_CMD_STAT:
		return stat_same(&got->stat, &want->stat, out);
	case CAPMSG_CMD_LIST:
		return list_same(got, want, out);
	case CAPMSG_CMD_POST:
		return same(out, "post", got->post, want->post);
	case CAPMSG_CMD_RECV:
	case CAPMSG_CMD_REPLY_RECV:
		return records_same(want, exec, out);
	case CAPMSG_CMD_CALL:
		return answer_same(op, want, exec, out);
	default:
		return true;
	}
}
