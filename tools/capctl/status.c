// SPDX-License-Identifier: GPL-2.0-only
/* doctor: is everything in place? status: limits and use. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capctl.h"

/* ---- status ---- */

static void doc_limits(struct json_object *doc, const struct capmsg_query *query)
{
	doc_str(doc, "version.capctl", CAPCTL_VERSION);
	doc_u64(doc, "version.uapi", CAPMSG_ABI_VERSION);
	doc_u64(doc, "version.module_uapi", query->out_abi_version);
	doc_u64(doc, "version.commands", query->out_commands);
	doc_u64(doc, "version.features", query->out_features);
	doc_u64(doc, "limits.inline_max", query->out_inline_max);
	doc_u64(doc, "limits.caps_max", query->out_caps_max);
	doc_u64(doc, "limits.iov_max", query->out_iov_max);
	doc_u64(doc, "limits.depth_max", query->out_depth_max);
	doc_u64(doc, "space.frames", query->out_frames);
	doc_u64(doc, "space.frames_busy", query->out_frames_busy);
	doc_u64(doc, "space.root_bits", query->out_root_bits);
	doc_u64(doc, "space.plain_max", query->out_plain_max);
	doc_u64(doc, "user.objects", query->out_user_objects);
	doc_u64(doc, "user.tombstones", query->out_user_tombstones);
	doc_u64(doc, "user.objects_max", query->out_user_objects_max);
	doc_u64(doc, "user.bytes", query->out_user_bytes);
	doc_u64(doc, "user.bytes_max", query->out_user_bytes_max);
	doc_u64(doc, "user.pinned_pages", query->out_user_pinned);
}

static void doc_totals(struct json_object *doc, const struct capmsg_query *query)
{
	doc_u64(doc, "total.spaces", query->out_total_live[0]);
	doc_u64(doc, "total.cappages", query->out_total_live[CAPMSG_TYPE_CAPPAGE]);
	doc_u64(doc, "total.ports", query->out_total_live[CAPMSG_TYPE_PORT]);
	doc_u64(doc, "total.regions", query->out_total_live[CAPMSG_TYPE_REGION]);
	doc_u64(doc, "total.replies", query->out_total_live[CAPMSG_TYPE_REPLY]);
	doc_u64(doc, "total.notifications", query->out_total_live[CAPMSG_TYPE_NOTIFICATION]);
	doc_u64(doc, "total.messages", query->out_total_live[CAPMSG_TYPE_MESSAGE]);
	doc_u64(doc, "total.revokers", query->out_total_live[CAPMSG_TYPE_REVOKER]);
	doc_u64(doc, "total.watches", query->out_total_live[CAPMSG_TYPE_WATCH]);
	doc_u64(doc, "total.virtuals", query->out_total_live[CAPMSG_TYPE_VIRTUAL]);
	doc_u64(doc, "total.tombstones", query->out_total_tombstones);
	doc_u64(doc, "total.exports", query->out_total_exports);
	doc_u64(doc, "total.pinned_pages", query->out_total_pinned);
	doc_u64(doc, "total.users", query->out_total_users);
	doc_u64(doc, "total.frames_busy", query->out_total_frames_busy);
	doc_u64(doc, "total.copied_bytes", query->out_total_copied);
}

static int run_status(struct context *ctx, struct invocation *inv)
{
	struct capmsg_query query;
	int status = space_open(ctx), err;

	(void)inv;
	if (status)
		return status;
	err = capmsg_query(ctx->space.fd, &query);
	if (err)
		return fail(ctx, err, NULL, "asking for limits and use");
	doc_limits(ctx->doc, &query);
	doc_totals(ctx->doc, &query);
	return STATUS_OK;
}

static const struct command status_commands[] = {
	{ .args = "", .summary = "Show versions, limits and use.",
	  .details = "The totals of the system are zeros without CAP_SYS_ADMIN.",
	  .run = run_status },
};

const struct object status_object = { "status", "versions, limits and use", status_commands, 1 };

/* ---- doctor ---- */

struct doctor {
	struct context *ctx;
	struct table *table;
	int status;
};

__attribute__((format(printf, 5, 6)))
static void verdict(struct doctor *doctor, const char *check, int status,
		    const char *hint, const char *fmt, ...)
{
	char *detail = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&detail, fmt, args) < 0)
		detail = NULL;
	va_end(args);
	table_line(doctor->table);
	table_cell(doctor->table, 0, "%s", status < 0 ? "warn" : status ? "fail" : "ok");
	table_cell(doctor->table, 1, "%s", check);
	table_cell(doctor->table, 2, "%s", detail ? detail : "");
	table_cell(doctor->table, 3, "%s", status && hint ? hint : "");
	if (status > 0 && !doctor->status)
		doctor->status = status;
	free(detail);
}

#define WARN (-1)

static void check_module(struct doctor *doctor)
{
	char version[64] = "";
	int fd = open("/sys/module/capmsg/version", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, version, sizeof(version) - 1);

	if (fd >= 0)
		close(fd);
	version[n > 0 ? strcspn(version, "\n") : 0] = '\0';
	if (access("/sys/module/capmsg", F_OK))
		verdict(doctor, "module", STATUS_UNAVAILABLE, "modprobe capmsg, or insmod capmsg.ko",
			"capmsg is not loaded");
	else
		verdict(doctor, "module", STATUS_OK, NULL, "capmsg %sis loaded",
			*version ? strcat(version, " ") : "");
}

static bool check_device(struct doctor *doctor)
{
	struct stat st;

	if (stat(CAPMSG_DEVICE, &st)) {
		verdict(doctor, "device", STATUS_UNAVAILABLE,
			"load the module, and let udev or devtmpfs make the node",
			"%s: %s", CAPMSG_DEVICE, strerror(errno));
		return false;
	}
	if (!S_ISCHR(st.st_mode)) {
		verdict(doctor, "device", STATUS_UNAVAILABLE, "remove it and load the module again",
			"%s is no character device", CAPMSG_DEVICE);
		return false;
	}
	if (access(CAPMSG_DEVICE, R_OK | W_OK)) {
		verdict(doctor, "device", STATUS_DENIED, "become a member of its group, or root",
			"%s has mode %04o, owner %u:%u", CAPMSG_DEVICE, st.st_mode & 07777,
			st.st_uid, st.st_gid);
		return false;
	}
	verdict(doctor, "device", STATUS_OK, NULL, "%s has mode %04o and can be opened",
		CAPMSG_DEVICE, st.st_mode & 07777);
	return true;
}

static void check_quota(struct doctor *doctor, const struct capmsg_query *query)
{
	bool tight = query->out_user_objects >= query->out_user_objects_max ||
		     query->out_user_bytes >= query->out_user_bytes_max;

	verdict(doctor, "quota", tight ? WARN : STATUS_OK,
		"end programs of this user that hold spaces open",
		"%llu of %llu objects, %llu of %llu bytes are in use",
		(unsigned long long)query->out_user_objects,
		(unsigned long long)query->out_user_objects_max,
		(unsigned long long)query->out_user_bytes,
		(unsigned long long)query->out_user_bytes_max);
}

static void check_protocol(struct doctor *doctor)
{
	struct capmsg_query query;
	int fd = capmsg_open(), err;

	if (fd < 0) {
		verdict(doctor, "open", status_of(fd), NULL, "%s: %s", CAPMSG_DEVICE,
			capmsg_strerror(fd));
		return;
	}
	err = capmsg_query(fd, &query);
	if (err)
		verdict(doctor, "uapi", STATUS_UNAVAILABLE, "install module and tools of one release",
			"the module does not say its version: %s", capmsg_strerror(err));
	else if (query.out_abi_version != CAPMSG_ABI_VERSION)
		verdict(doctor, "uapi", STATUS_UNAVAILABLE, "install module and tools of one release",
			"version %u of the module, %d of capctl", query.out_abi_version,
			CAPMSG_ABI_VERSION);
	else
		verdict(doctor, "uapi", query.out_commands < CAPMSG_CMD_COUNT ? WARN : STATUS_OK,
			"install module and tools of one release", "version %d, %u commands of %d",
			CAPMSG_ABI_VERSION, query.out_commands, CAPMSG_CMD_COUNT);
	if (!err)
		check_quota(doctor, &query);
	err = capmsg_setup(fd, NULL);
	if (err)
		verdict(doctor, "setup", status_of(err), NULL, "a space cannot be set up: %s",
			capmsg_strerror(err));
	else
		verdict(doctor, "setup", STATUS_OK, NULL, "a space can be set up");
	close(fd);
}

static void check_limits(struct doctor *doctor)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_MEMLOCK, &limit))
		verdict(doctor, "memlock", limit.rlim_cur < (1 << 20) ? WARN : STATUS_OK,
			"'ulimit -l' raises what regions may pin",
			limit.rlim_cur == RLIM_INFINITY ? "unlimited" : "%llu bytes can be pinned",
			(unsigned long long)limit.rlim_cur);
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		verdict(doctor, "files", limit.rlim_cur < 256 ? WARN : STATUS_OK,
			"'ulimit -n' raises it", "%llu files can be open",
			(unsigned long long)limit.rlim_cur);
}

static int run_doctor(struct context *ctx, struct invocation *inv)
{
	static const struct column columns[] = {
		{ "result", false, false }, { "check", false, false },
		{ "detail", false, false }, { "hint", false, false },
	};
	struct doctor doctor = {
		.ctx = ctx,
		.table = table_new(ctx, "checks", columns, ARRAY_SIZE(columns)),
	};

	(void)inv;
	if (!doctor.table)
		return STATUS_USAGE;
	check_module(&doctor);
	if (check_device(&doctor))
		check_protocol(&doctor);
	check_limits(&doctor);
	table_end(doctor.table);
	return doctor.status;
}

static const struct command doctor_commands[] = {
	{ .args = "", .summary = "See whether everything is in place.",
	  .details = "One line for each check. Exit status: 0 if none fails, else that of the "
		     "first that does.",
	  .run = run_doctor },
};

const struct object doctor_object = { "doctor", "is everything in place?", doctor_commands, 1 };
