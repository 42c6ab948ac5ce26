// SPDX-License-Identifier: GPL-2.0-only
/*
 * The space that this capctl works in, and the memory behind it: which regions
 * were registered, and which buffers were posted.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "capctl.h"

static int check_version(struct context *ctx)
{
	struct capmsg_query query;
	int err = capmsg_query(ctx->space.fd, &query);

	if (err)
		return fail(ctx, err, NULL, "asking %s for its version", CAPMSG_DEVICE);
	if (query.out_abi_version != CAPMSG_ABI_VERSION)
		return fail_why(ctx, STATUS_UNAVAILABLE, "module and tool speak different versions",
				"install module and tools of one release",
				"uapi %u of the module, %d of capctl",
				query.out_abi_version, CAPMSG_ABI_VERSION);
	return STATUS_OK;
}

static int open_device(struct context *ctx)
{
	int fd = capmsg_open();

	if (fd == -EACCES || fd == -EPERM)
		return fail(ctx, fd, "'ls -l " CAPMSG_DEVICE "' shows who may open it",
			    "opening %s", CAPMSG_DEVICE);
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		return fail(ctx, ENODEV, "'modprobe capmsg' or insmod loads it; 'capctl doctor' looks closer",
			    "opening %s", CAPMSG_DEVICE);
	if (fd < 0)
		return fail(ctx, fd, NULL, "opening %s", CAPMSG_DEVICE);
	ctx->space.fd = fd;
	return check_version(ctx);
}

/* Opens the space without setting it up (again). */
static int open_once(struct context *ctx)
{
	return ctx->space.fd >= 0 ? STATUS_OK : open_device(ctx);
}

/* Sets the space up as wished. */
int space_setup(struct context *ctx, struct capmsg_setup *setup)
{
	struct capmsg_query query;
	int status = open_once(ctx), err;

	if (status)
		return status;
	err = capmsg_setup(ctx->space.fd, setup);
	if (!err)
		err = capmsg_query(ctx->space.fd, &query);
	if (err == -EBUSY)
		return fail(ctx, err, "'space setup' must come before all else, and once",
			    "setting the space up");
	if (err)
		return fail(ctx, err, NULL, "setting the space up");
	ctx->space.set_up = true;
	ctx->space.root_bits = query.out_root_bits;
	return STATUS_OK;
}

/* Opens the space, and sets it up with the defaults unless that has been done. */
int space_open(struct context *ctx)
{
	struct capmsg_setup setup = { 0 };

	return ctx->space.set_up ? STATUS_OK : space_setup(ctx, &setup);
}

void space_close(struct space *space)
{
	if (space->fd >= 0)
		close(space->fd);
	while (space->regions)
		space_forget_region(space, space->regions->address);
	free(space->buffers);
	free(space->drafts);
	*space = (struct space){ .fd = -1 };
}

static const char *current_name(const struct context *ctx)
{
	return ctx->space_name ? ctx->space_name : "main";
}

static struct aside **find_aside(struct context *ctx, const char *name)
{
	struct aside **link = &ctx->asides;

	while (*link && strcmp((*link)->name, name))
		link = &(*link)->next;
	return link;
}

/* The space of that name, or NULL. */
struct space *space_named(struct context *ctx, const char *name)
{
	struct aside *aside = *find_aside(ctx, name);

	if (!strcmp(name, current_name(ctx)))
		return &ctx->space;
	return aside ? &aside->space : NULL;
}

/* Puts the current space aside and goes on in the one of that name, or a new one. */
static int switch_to(struct context *ctx, const char *name)
{
	struct aside **link = find_aside(ctx, name), *aside = *link;
	struct space space = { .fd = -1 };
	char *copy = strdup(name), *current = strdup(current_name(ctx));

	if (!aside)
		aside = calloc(1, sizeof(*aside));
	if (!aside || !copy || !current) {
		free(copy);
		free(current);
		if (!*link)
			free(aside);
		return fail_file(ctx, ENOMEM, "going to space %s", name);
	}
	if (*link) {
		*link = aside->next;
		space = aside->space;
		free(aside->name);
	}
	*aside = (struct aside){ .next = ctx->asides, .name = current, .space = ctx->space };
	ctx->asides = aside;
	free(ctx->space_name);
	ctx->space_name = copy;
	ctx->space = space;
	return STATUS_OK;
}

void space_close_all(struct context *ctx)
{
	space_close(&ctx->space);
	while (ctx->asides) {
		struct aside *aside = ctx->asides;

		ctx->asides = aside->next;
		space_close(&aside->space);
		free(aside->name);
		free(aside);
	}
	free(ctx->space_name);
	free(ctx->children);
}

/* What is known of a message that is begun and filled here; NULL: no memory. */
struct draft *space_draft(struct context *ctx, uint64_t message)
{
	struct space *space = &ctx->space;
	struct draft *drafts;

	for (size_t i = 0; i < space->n_drafts; i++)
		if (space->drafts[i].address == message)
			return &space->drafts[i];
	drafts = reallocarray(space->drafts, space->n_drafts + 1, sizeof(*drafts));
	if (!drafts)
		return NULL;
	space->drafts = drafts;
	drafts[space->n_drafts] = (struct draft){ .address = message };
	return &drafts[space->n_drafts++];
}

/* Finds a void slot of the root, from the top, for what capctl itself needs. */
int space_free_slot(struct context *ctx, uint64_t *out_address)
{
	uint32_t bits = ctx->space.root_bits;

	for (uint64_t slot = 1ULL << bits; slot-- > 0;) {
		struct capmsg_list_entry entry;
		struct capmsg_list list = {
			.entries = (uintptr_t)&entry,
			.n = 1,
			.first = (uint32_t)slot,
		};
		int err = capmsg_list(ctx->space.fd, &list);

		if (err)
			return fail(ctx, err, NULL, "looking for a void slot");
		if (list.out_n && entry.slot == slot)
			continue;
		*out_address = capmsg_address(slot, bits);
		return STATUS_OK;
	}
	return fail_why(ctx, STATUS_FAILED, "all are in use", "empty one with 'cap clear'",
			"looking for a void slot of the root");
}

/* Allocates memory and registers it as a region. */
int space_register(struct context *ctx, uint64_t address, uint64_t size,
		   struct region **out_region)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char text[CAPMSG_ADDRESS_TEXT];
	struct region *region;
	int err;

	if (!size || size > SIZE_MAX / 2)
		return usage(ctx, NULL, "a region cannot have %llu bytes",
			     (unsigned long long)size);
	region = calloc(1, sizeof(*region));
	if (!region)
		return fail_file(ctx, ENOMEM, "registering a region");
	region->address = address;
	region->length = (size + page - 1) & ~(page - 1);
	region->memory = mmap(NULL, region->length, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region->memory == MAP_FAILED) {
		err = errno;
		free(region);
		return fail_file(ctx, err, "allocating a region of %llu bytes",
				 (unsigned long long)size);
	}
	/* A child of exec is not to write to what messages arrive in. */
	madvise(region->memory, region->length, MADV_DONTFORK);
	err = capmsg_register(ctx->space.fd, address, region->memory, region->length);
	if (err) {
		munmap(region->memory, region->length);
		free(region);
		return fail(ctx, err, NULL, "registering a region at %s",
			    address_text(address, text));
	}
	region->next = ctx->space.regions;
	ctx->space.regions = region;
	if (out_region)
		*out_region = region;
	return STATUS_OK;
}

struct region *space_region(struct space *space, uint64_t address)
{
	struct region *region = space->regions;

	while (region && region->address != address)
		region = region->next;
	return region;
}

/* Gives the memory of a region back, once the kernel no longer uses it. */
void space_forget_region(struct space *space, uint64_t address)
{
	struct region **link = &space->regions;

	while (*link && (*link)->address != address)
		link = &(*link)->next;
	if (*link) {
		struct region *region = *link;

		*link = region->next;
		for (size_t i = 0; i < space->n_buffers; i++)
			if (space->buffers[i].memory >= region->memory &&
			    space->buffers[i].memory < region->memory + region->length)
				space->buffers[i].memory = NULL;
		munmap(region->memory, region->length);
		free(region);
	}
}

static struct buffer *new_buffer(struct space *space)
{
	struct buffer *buffers;

	for (size_t i = 0; i < space->n_buffers; i++)
		if (!space->buffers[i].used)
			return &space->buffers[i];
	buffers = reallocarray(space->buffers, space->n_buffers + 1, sizeof(*buffers));
	if (!buffers)
		return NULL;
	space->buffers = buffers;
	buffers[space->n_buffers] = (struct buffer){ 0 };
	return &buffers[space->n_buffers++];
}

/* Posts a buffer, and remembers it under the cookie that messages bring back. */
int space_add_buffer(struct context *ctx, struct buffer buffer,
		     uint64_t max_caps, uint32_t post, struct buffer **out)
{
	struct space *space = &ctx->space;
	struct region *region = space_region(space, buffer.region);
	struct buffer *mine = new_buffer(space);
	struct capmsg_post args = {
		.port = buffer.port,
		.region = buffer.region,
		.length = buffer.length,
		.landing = buffer.landing,
		.max_caps = (uint32_t)max_caps,
		.post = post,
	};
	int err;

	if (!mine)
		return fail_file(ctx, ENOMEM, "posting a buffer");
	if (buffer.memory && region)
		args.offset = (uint64_t)(buffer.memory - region->memory);
	args.cookie = (uint64_t)(mine - space->buffers) + 1;
	err = capmsg_post(space->fd, &args);
	if (err) {
		static const char full[] =
			"all posts have buffers: receive, unpost, or create it with more --depth";
		char text[CAPMSG_ADDRESS_TEXT];

		return fail(ctx, err, err == -EAGAIN ? full : NULL, "posting to port %s",
			    address_text(buffer.port, text));
	}
	/* The post has one buffer at a time. */
	for (size_t i = 0; i < space->n_buffers; i++)
		if (space->buffers[i].port == buffer.port &&
		    space->buffers[i].post == args.out_post)
			space->buffers[i].used = false;
	*mine = buffer;
	mine->used = true;
	mine->post = args.out_post;
	*out = mine;
	return STATUS_OK;
}

/* Registers and posts a buffer that goes away when its message is dealt with. */
int space_add_temporary(struct context *ctx, uint64_t port, uint64_t size,
			uint64_t landing, uint64_t max_caps,
			struct buffer **out)
{
	struct buffer buffer = {
		.port = port, .length = size, .landing = landing, .temporary = true,
	};
	struct region *region = NULL;
	int status = space_free_slot(ctx, &buffer.region);

	if (!status)
		status = space_register(ctx, buffer.region, size, &region);
	if (status)
		return status;
	buffer.memory = region->memory;
	status = space_add_buffer(ctx, buffer, max_caps, CAPMSG_POST_ANY, out);
	if (status) {
		capmsg_destroy(ctx->space.fd, buffer.region);
		space_forget_region(&ctx->space, buffer.region);
	}
	return status;
}

/* The buffer that a message of this cookie arrived in, or NULL. */
struct buffer *space_buffer(struct space *space, uint64_t cookie)
{
	if (!cookie || cookie > space->n_buffers || !space->buffers[cookie - 1].used)
		return NULL;
	return &space->buffers[cookie - 1];
}

/*
 * Takes a temporary buffer back, unless a message is in it or its call is yet
 * to be answered; the post is then as it was when the port was created.
 */
void space_release(struct context *ctx, uint64_t port, uint32_t post)
{
	struct space *space = &ctx->space;

	for (size_t i = 0; i < space->n_buffers; i++) {
		struct buffer *buffer = &space->buffers[i];

		if (!buffer->used || !buffer->temporary || buffer->port != port ||
		    buffer->post != post)
			continue;
		if (capmsg_unpost(space->fd, port, post) == -EBUSY)
			return;
		capmsg_destroy(space->fd, buffer->region);
		space_forget_region(space, buffer->region);
		buffer->used = false;
	}
}

/* ---- space setup ---- */

static int run_setup(struct context *ctx, struct invocation *inv)
{
	uint64_t frames = 0, bits = 0, plain = 0;
	struct capmsg_setup setup = { 0 };
	int status = opt_u64(ctx, inv, OPT_FRAMES, UINT32_MAX, &frames);

	if (!status)
		status = opt_u64(ctx, inv, OPT_ROOT_BITS, UINT32_MAX, &bits);
	if (!status)
		status = opt_size(ctx, inv, OPT_PLAIN_MAX, &plain);
	if (status)
		return status;
	if (plain > UINT32_MAX)
		return usage(ctx, NULL, "--plain-max: at most %d bytes", CAPMSG_PLAIN_MAX);
	setup.frames = (uint32_t)frames;
	setup.root_bits = (uint32_t)bits;
	setup.plain_max = (uint32_t)plain;
	return space_setup(ctx, &setup);
}

/* ---- space use, end, poll ---- */

static int run_use(struct context *ctx, struct invocation *inv)
{
	if (!strcmp(inv->args[0], current_name(ctx)))
		return STATUS_OK;
	return switch_to(ctx, inv->args[0]);
}

static int run_end(struct context *ctx, struct invocation *inv)
{
	const char *name = inv->n_args ? inv->args[0] : current_name(ctx);
	struct space *space = space_named(ctx, name);

	if (!space)
		return fail_why(ctx, STATUS_ABSENT, "there is none of that name",
				"'space use NAME' opens one", "ending space %s", name);
	space_close(space);
	return STATUS_OK;
}

static int run_poll(struct context *ctx, struct invocation *inv)
{
	const char *text = option(inv, OPT_TIMEOUT);
	uint64_t ns = 0;
	int status = space_open(ctx), n;
	struct pollfd pollfd = { .fd = ctx->space.fd, .events = POLLIN };
	struct timespec time;

	if (!status && text && value_duration(text, &ns))
		status = usage(ctx, "a duration is a number with ns, us, ms, s or m",
			       "--timeout: '%s' is no duration", text);
	if (status)
		return status;
	time.tv_sec = (time_t)(ns / 1000000000);
	time.tv_nsec = (long)(ns % 1000000000);
	n = ppoll(&pollfd, 1, text || option(inv, OPT_NOWAIT) ? &time : NULL, NULL);
	if (n < 0)
		return fail(ctx, errno, NULL, "polling the space");
	if (!n)
		return fail(ctx, option(inv, OPT_NOWAIT) ? EAGAIN : ETIMEDOUT, NULL,
			    "polling the space");
	doc_u64(ctx->doc, "readable", !!(pollfd.revents & POLLIN));
	return STATUS_OK;
}

static const struct argp_option poll_options[] = {
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "Give up after so long (5s, 100ms)", 0 },
	{ "nowait", OPT_NOWAIT, NULL, 0, "Fail rather than wait", 0 },
	{ 0 }
};

static const struct argp_option setup_options[] = {
	{ "frames", OPT_FRAMES, "N", 0, "Operations that may be in flight at once (8)", 0 },
	{ "root-bits", OPT_ROOT_BITS, "N", 0, "The root gets 2^N slots, N from 4 to 12 (8)", 0 },
	{ "plain-max", OPT_PLAIN_MAX, "SIZE", 0, "Largest plain buffer (64K)", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .verb = "setup", .summary = "Set the space up with other than the default limits.",
	  .details = "The first command of a script, if at all: others set the space up by themselves.",
	  .options = setup_options, .run = run_setup },
	{ .verb = "use", .args = "NAME", .summary = "Go on in another space, a new one if there is none of that name.",
	  .details = "The first one is called main. They all belong to this capctl, and end with it. "
		     "'cap give' hands capabilities from one to another.",
	  .min_args = 1, .max_args = 1, .run = run_use },
	{ .verb = "end", .args = "[NAME]", .summary = "End a space, and all that it has paid for.",
	  .details = "Without a name the current one; what follows opens a new one.",
	  .max_args = 1, .run = run_end },
	{ .verb = "poll", .summary = "Wait until bits of a notification made with --poll are set.",
	  .details = "The bits stay set: 'notification wait' takes them.",
	  .options = poll_options, .flags = WAITS, .run = run_poll },
};

const struct object space_object = {
	"space", "what this capctl works in, gone when it ends", commands,
	ARRAY_SIZE(commands),
};
