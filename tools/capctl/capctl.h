/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capctl - drive /dev/capmsg from a shell
 *
 * One table of commands (command.c) makes grammar, help and completion. A
 * command builds a document or a table (print.c), which is printed as text or
 * as JSON. Functions of commands return an exit status.
 */
#ifndef CAPCTL_H
#define CAPCTL_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <capmsg.h>

#define CAPCTL_VERSION	"0.1.0"
#define CAPCTL_SCHEMA	"capctl/1"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Exit statuses; README.md tells users of them. */
enum status {
	STATUS_OK		= 0,
	STATUS_FAILED		= 1,
	STATUS_PARTIAL		= 2,
	STATUS_ABSENT		= 3,
	STATUS_DENIED		= 4,
	STATUS_UNAVAILABLE	= 5,
	STATUS_TIMEOUT		= 6,
	STATUS_USAGE		= 64,
	STATUS_INTERRUPTED	= 130,
};

struct json_object;
struct context;
struct invocation;

/* ---- space.c: the space, and what capctl must remember of it ---- */

/* Memory that capctl registered. */
struct region {
	struct region *next;
	uint64_t address;
	unsigned char *memory;
	size_t length;
};

/* A buffer that capctl posted. The cookie the kernel sees is its index + 1. */
struct buffer {
	uint64_t port;
	uint32_t post;
	bool used;
	bool temporary;		/* the region is to go with it */
	uint64_t region;
	unsigned char *memory;	/* NULL: no bytes, landing slots only */
	uint64_t length;
	uint64_t landing;
	uint64_t cookie;	/* the user's */
};

/* A message that was begun, and how far it has been filled. */
struct draft {
	uint64_t address;
	uint64_t end;
};

struct space {
	int fd;			/* -1: not open */
	bool set_up;
	uint32_t root_bits;
	struct region *regions;
	struct buffer *buffers;
	size_t n_buffers;
	bool called;		/* a call was received: */
	uint64_t call_port;
	uint32_t call_post;
	uint32_t call_seq;
	struct draft *drafts;
	size_t n_drafts;
	struct capmsg_limits refusal;	/* the last one that was told */
};

/* A space that 'space use' has put aside. */
struct aside {
	struct aside *next;
	char *name;
	struct space space;
};

int space_open(struct context *ctx);
int space_setup(struct context *ctx, struct capmsg_setup *setup);
void space_close(struct space *space);
void space_close_all(struct context *ctx);
struct space *space_named(struct context *ctx, const char *name);
struct draft *space_draft(struct context *ctx, uint64_t message);
int space_free_slot(struct context *ctx, uint64_t *out_address);
int space_register(struct context *ctx, uint64_t address, uint64_t size,
		   struct region **out_region);
struct region *space_region(struct space *space, uint64_t address);
void space_forget_region(struct space *space, uint64_t address);
int space_add_buffer(struct context *ctx, struct buffer buffer,
		     uint64_t max_caps, uint32_t post, struct buffer **out);
int space_add_temporary(struct context *ctx, uint64_t port, uint64_t size,
			uint64_t landing, uint64_t max_caps,
			struct buffer **out);
struct buffer *space_buffer(struct space *space, uint64_t cookie);
void space_release(struct context *ctx, uint64_t port, uint32_t post);

/* ---- command.c: grammar and help ---- */

/* What exec --background or start has started. */
struct child {
	pid_t pid;
	bool started;		/* by start: works in our spaces */
};

/* The error that 'expect' has announced. */
struct expectation {
	int err;
	bool met;
	struct json_object *doc;
};

struct context {
	struct space space;
	char *space_name;	/* NULL: main */
	struct aside *asides;
	const struct object *object;	/* of the command that runs, or NULL */
	const struct command *command;
	struct expectation *expect;
	struct child *children;	/* in background */
	size_t n_children;
	bool json;
	bool no_headings;
	bool in_shell;
	const char *columns;
	const char *file;	/* of the script that runs, or NULL */
	unsigned int line;
	unsigned int depth;	/* of scripts that run scripts */
	struct json_object *doc;
	bool ended;		/* the shell was told to exit */
};

/* Keys of options. Those below 0x100 have a short form. */
enum option_key {
	OPT_FIRST = 0x100,
	OPT_HELP = OPT_FIRST, OPT_VERSION, OPT_FRAMES, OPT_ROOT_BITS, OPT_PLAIN_MAX,
	OPT_BITS, OPT_DEPTH, OPT_MAX_SIZE, OPT_MAX_CAPS, OPT_STEAL_DELAY,
	OPT_NO_SHORT, OPT_RIGHTS, OPT_BADGE, OPT_GUARD, OPT_SUBPAGE, OPT_WEAK,
	OPT_REGION, OPT_OFFSET, OPT_LENGTH, OPT_LANDING, OPT_CAPS, OPT_COOKIE,
	OPT_POST, OPT_SEQ, OPT_LAST, OPT_FD, OPT_ENV, OPT_CAP, OPT_MOVE,
	OPT_TIMEOUT, OPT_NOWAIT, OPT_SIZE, OPT_OUT, OPT_BATCH, OPT_REPOST,
	OPT_REPLY, OPT_REPLY_CMD, OPT_RECV, OPT_AS_FD, OPT_COUNT_CALLS,
	OPT_CLAIM_TIME, OPT_NO_SHARES, OPT_NOTIFICATION, OPT_ARRIVAL_BITS,
	OPT_NO_SENDERS_BITS, OPT_ORIGINAL, OPT_BITS_SET, OPT_EVENTFD, OPT_POLL, OPT_TO, OPT_QUEUE,
	OPT_HANDLER, OPT_OBJECT, OPT_KEEPER, OPT_CACHE_BITS, OPT_BELOW, OPT_NOTHING, OPT_KIND,
	OPT_JSON = 'j', OPT_NO_HEADINGS = 'n', OPT_COLUMNS = 'o',
	OPT_IMPORT = 'i', OPT_BACKGROUND = 'b',
};

struct given {
	int key;
	const char *value;	/* "" for options without one */
};

struct invocation {
	const struct command *command;
	const struct argp_option *options;
	struct given *given;
	size_t n_given;
	char **args;		/* in front of -- ; or all, without TAKES_COMMAND */
	int n_args;
	char **child;		/* behind --, NULL at the end */
	int n_child;
	int first;		/* with stop_at_first: index of the first word */
	bool stop_at_first;
	bool failed;
};

#define TAKES_COMMAND	0x1	/* what is behind -- is a command */
#define PRINTS_ITSELF	0x2	/* no document of its own */
#define TAKES_WORDS	0x4	/* what follows its options is left as it is */
#define WAITS		0x8	/* its EAGAIN is seldom for a limit */

struct command {
	const char *verb;	/* NULL: the object is the verb */
	const char *args;
	const char *summary;
	const char *details;	/* or NULL */
	const struct argp_option *options;	/* or NULL */
	int min_args;
	int max_args;		/* -1: any number */
	unsigned int flags;
	int (*run)(struct context *ctx, struct invocation *inv);
};

struct object {
	const char *name;
	const char *summary;
	const struct command *commands;
	size_t n_commands;
};

extern const struct object space_object, cappage_object, port_object,
	region_object, notification_object, message_object, revoker_object, virtual_object,
	handler_object,
	cap_object, send_object, recv_object, call_object, reply_object,
	serve_object, run_object, expect_object, exec_object, start_object, wait_object,
	shell_object, doctor_object, status_object, limits_object;

const struct object *const *command_objects(size_t *out_n);
int command_dispatch(struct context *ctx, int argc, char **argv);
int command_main(struct context *ctx, int argc, char **argv);
struct json_object *command_doc(const struct object *object, const struct command *command);
const char *option(const struct invocation *inv, int key);
const char *option_name(const struct invocation *inv, int key);

/* ---- help.c ---- */

int help_command(struct context *ctx, const struct object *object,
		 const struct command *command, const struct argp_option *options);
int help_object(struct context *ctx, const struct object *object);
int help_all(struct context *ctx, const struct argp_option *options);
int help_version(struct context *ctx);

/* ---- error.c ---- */

int fail(struct context *ctx, int err, const char *hint, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
int fail_file(struct context *ctx, int err, const char *what, ...)
	__attribute__((format(printf, 3, 4)));
int fail_why(struct context *ctx, int status, const char *why, const char *hint,
	     const char *what, ...) __attribute__((format(printf, 5, 6)));
int usage(struct context *ctx, const char *hint, const char *what, ...)
	__attribute__((format(printf, 3, 4)));
int status_of(int err);

/* ---- limit.c: which limit was met ---- */

bool limit_met(struct context *ctx, int err, struct capmsg_limits *limits);
char *limit_why(const struct capmsg_limits *limits);
const char *limit_hint(uint32_t limit);
void doc_limit(struct json_object *doc, const char *path,
	       const struct capmsg_limits *limits);

/* ---- object.c: what objects have in common ---- */

int object_show(struct context *ctx, const char *text, uint32_t type);
int object_destroy(struct context *ctx, const char *text, uint32_t type);

/* ---- value.c: text to numbers and addresses ---- */

int value_u64(const char *text, uint64_t max, uint64_t *out);
int value_size(const char *text, uint64_t *out);
int value_duration(const char *text, uint64_t *out_ns);
int arg_address(struct context *ctx, const char *text, uint64_t *out);
int arg_u64(struct context *ctx, const char *text, const char *what,
	    uint64_t max, uint64_t *out);
int opt_address(struct context *ctx, const struct invocation *inv, int key,
		uint64_t *out);
int opt_u64(struct context *ctx, const struct invocation *inv, int key,
	    uint64_t max, uint64_t *out);
int opt_size(struct context *ctx, const struct invocation *inv, int key,
	     uint64_t *out);
int opt_rights(struct context *ctx, const struct invocation *inv, uint32_t *out);
int opt_deadline(struct context *ctx, const struct invocation *inv,
		 uint64_t *out_deadline);
int opt_pair(struct context *ctx, const struct invocation *inv, int key,
	     uint64_t *out_value, uint64_t *out_bits);
int opt_call(struct context *ctx, const struct invocation *inv, uint64_t port,
	     bool *out_named, uint32_t *out_post, uint32_t *out_seq);
const char *address_text(uint64_t address, char text[CAPMSG_ADDRESS_TEXT]);

/* ---- print.c: documents and tables ---- */

void doc_u64(struct json_object *doc, const char *path, uint64_t value);
void doc_str(struct json_object *doc, const char *path, const char *value);
void doc_address(struct json_object *doc, const char *path, uint64_t address);
void doc_bits(struct json_object *doc, const char *path, uint64_t bits);
void doc_capability(struct json_object *doc, uint64_t address,
		    const struct capmsg_stat *stat);
void doc_bytes(struct json_object *doc, const void *data, size_t length);
struct json_object *doc_add(struct json_object *doc, const char *array);
void doc_print(struct context *ctx);
void doc_line(struct json_object *doc, bool err);

struct column {
	const char *name;
	bool number;
	bool right;
};

struct table;
struct table *table_new(struct context *ctx, const char *name,
			const struct column *columns, size_t n_columns);
void table_line(struct table *table);
void table_cell(struct table *table, size_t column, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int table_end(struct table *table);
void table_drop(struct table *table);
bool colour_wanted(int fd);
bool text_is_utf8(const unsigned char *data, size_t length);

/* ---- payload.c ---- */

struct payload {
	struct capmsg_iovec iov[CAPMSG_IOV_MAX];
	void *mapped[CAPMSG_IOV_MAX];	/* to be unmapped */
	void *allocated[CAPMSG_IOV_MAX];	/* to be freed */
	uint32_t n_iov;
	struct capmsg_item items[CAPMSG_CAPS_MAX];
	uint32_t n_items;
};

int payload_build(struct context *ctx, const struct invocation *inv,
		  char *const *words, int n_words, struct payload *payload);
uint64_t payload_data(const struct payload *payload);
uint64_t payload_length(const struct payload *payload);
uint64_t payload_total(const struct payload *payload);
uint32_t payload_pieces(const struct payload *payload);
void payload_free(struct payload *payload);
int payload_write(struct context *ctx, const char *file, const void *data,
		  size_t length);
int payload_filter(struct context *ctx, char *const *command, const void *input,
		   size_t length, struct payload *out);

/* ---- recv.c ---- */

int recv_next(struct context *ctx, struct invocation *inv,
	      const struct capmsg_reply *reply, uint64_t port, int *out_err);

/* ---- script.c ---- */

int script_words(char *line, char ***out_words, int *out_n, const char **why);
int script_line(struct context *ctx, char *line);
int script_run(struct context *ctx, const char *file);

/* ---- exec.c ---- */

int exec_wait(struct context *ctx);
void exec_stop(struct context *ctx);

#endif /* CAPCTL_H */
