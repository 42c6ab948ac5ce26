/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer that is guided by coverage. A case is a sequence of operations for
 * PLAYERS threads in two processes, which share SPACES spaces and run at the same time.
 * An operation has a command and some bytes, of which each chooses the value of one
 * field: mostly something that makes sense there, now and then nothing that does.
 * Processes and spaces live through TURNS cases, for their beginning and end cost more
 * than a case does; and what one has left, the next one finds.
 *
 * What is wrong: a splat or a word of the module in the kernel's log, a taint, outputs
 * that are written where they must not, a payload that is mixed of two messages, a
 * process that cannot be killed, anything that is left when all spaces are closed. Which
 * errnos a command may return is looked at by scripts/check-errnos.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "../calls.h"
#include "../handler.h"

#define SPACES		3
#define PLAYERS		4	/* threads that play, two in each process */
#define HANDLER_ID	4	/* a thread that answers upcalls */
#define THREADS		5
#define OPS_MAX		96
#define TURNS		32
#define BYTES		20	/* bytes of an operation */
#define FILES		8	/* exported capabilities of a process */
#define RECORDS		4
#define PAGES		16	/* of payloads, each filled with its number */
#define REGION_BYTES	(8 * PAGE)

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* What is no command of the module. */
enum op_extra {
	OP_OPEN = CAPMSG_CMD_COUNT,	/* opens a space anew, with its scene */
	OP_CLOSE,			/* closes this process's file of a space */
	OP_CLOSE_FILE,			/* closes an exported capability */
	OP_SERVE,			/* answers some upcalls and calls */
	OP_SIGNAL,			/* interrupts another thread of the process */
	OP_KILL,			/* the process kills itself */
	OP_FORGET,			/* takes payloads out of memory */
	OP_PAUSE,			/* a millisecond */
	OP_POLL,			/* asks a space's file for events */
	OP_COUNT,
};

struct op {
	__u8 nr;
	__u8 player;
	__u8 space;
	__u8 bytes[BYTES];
};

/* The last byte chooses whether fields that must agree do. */
#define WILD		240

static inline bool op_is_wild(const struct op *op)
{
	return op->bytes[BYTES - 1] >= WILD;
}

struct sequence {
	unsigned int n;
	struct op ops[OPS_MAX];
};

/* What a field holds, and so what a byte chooses. */
enum kind {
	K_NONE,
	K_FLAGS,	/* of the mask @arg */
	K_ADDRESS,	/* of something of the group @arg, mostly */
	K_LANDING,	/* a slot where capabilities can land */
	K_LENGTH,	/* bytes, small and large */
	K_OFFSET,
	K_DATA,		/* payload, and with it what an answer to an upcall says */
	K_BUFFER,	/* memory to be written */
	K_ITEMS,
	K_RECORDS,
	K_REPOSTS,
	K_ENTRIES,
	K_COUNT,	/* up to @arg, mostly */
	K_DEADLINE,
	K_POST,
	K_SEQ,
	K_RIGHTS,
	K_BITS,		/* of a table */
	K_NUMBER,	/* any small number, or a huge one */
	K_KIND,		/* enum capmsg_type */
	K_FILE,
	K_EVENTFD,
	K_ID,		/* of an upcall */
	K_MICROSECONDS,
};

/* Slots of a root are used by what is in them. */
enum group {
	G_ANY,
	G_TABLE,
	G_PORT,
	G_REGION,
	G_NOTE,
	G_MESSAGE,
	G_REVOKER,
	G_WATCH,
	G_VIRTUAL,
	G_HANDLER,	/* a port that plays objects */
	G_REPLY,
	G_COPY,		/* of anything */
	G_COUNT,
};

struct field {
	__u16 offset;
	__u8 width;
	__u8 kind;
	__u8 arg;
};

struct command {
	const char *name;
	const struct field *fields;
	unsigned int n;
};

extern const struct command fuzz_commands[OP_COUNT];

/* What players of both processes tell each other. */
struct shared {
	struct sequence sequence;	/* of this turn */
	atomic_uint turn;		/* counts from 1 */
	atomic_uint done[PLAYERS];	/* the last turn that each has played */
	atomic_uint plays;		/* counts what was played, by whom ever */
	atomic_ulong operations;
	atomic_int failed;		/* enum failure */
	atomic_int failed_nr;
	atomic_ullong last[SPACES];	/* the last record: seq << 32 | post */
	atomic_ullong last_port[SPACES]; /* where it came from, if it is to be answered */
	atomic_ullong upcall;		/* the last id that UPCALLS told */
	unsigned char errnos[CAPMSG_CMD_COUNT][256];
};

enum failure {
	FAILED_NOT,
	FAILED_OUTPUT,		/* written where it must not */
	FAILED_MIXED,		/* a payload of two messages */
	FAILED_IMMORTAL,	/* a process that cannot be killed */
	FAILED_LEFT,		/* something is left */
	FAILED_LOG,		/* the kernel complains */
	FAILED_SCENE,		/* the beginning of the case did not work */
};

/**
 * struct player - a thread that plays, and the memory that its commands use
 * @id: which
 * @random: for what the case leaves open
 * @tids: threads of its process
 * @step: counts its operations
 */
struct player {
	unsigned int id;
	__u64 random;
	struct shared *shared;
	atomic_int *tids;
	atomic_uint step;
	union any arg;
	struct capmsg_resolution resolution;
	struct capmsg_record records[RECORDS];
	struct capmsg_item items[8];
	struct capmsg_iovec iov[CAPMSG_IOV_MAX];
	struct capmsg_list_entry entries[32];
	__u32 reposts[4];
	char inline_data[RECORDS][CAPMSG_INLINE_MAX];
	char buffer[8192];
};

/* Of this process. */
extern atomic_int fuzz_spaces[SPACES];
extern atomic_int fuzz_files[FILES];
extern char *fuzz_payload;	/* PAGES pages, the last of which cannot be read */
extern char *fuzz_region;	/* SPACES times REGION_BYTES, shared by all processes */

/* scene.c: what a case begins with. */
int memory_prepare(void);
int scene_prepare(void);
int scene_space(unsigned int space);
void scene_end(void);

/* build.c: the struct of a command, out of the bytes of an operation. */
void op_build(struct player *p, const struct op *op);
__u64 group_address(enum group group, unsigned int choice);
__u64 slot_of(enum group group, unsigned int choice);

/* play.c: a thread plays its part, turn by turn, until the process ends. */
void *player_run(void *data);
/* Plays objects. */
void *handler_run(void *data);

/* run.c: waits, across processes, until *@word is not @value, or for @ms. */
void word_wait(atomic_uint *word, unsigned int value, unsigned int ms);
void word_wake(atomic_uint *word);

/* Runs a case, where the last one ended or (@fresh) from a new beginning. */
enum failure sequence_run(const struct sequence *s, struct shared *shared, bool fresh);
/* The cases since the last beginning, the last one included; their number. */
unsigned int sequences_run(const struct sequence **s);
/* Ends the processes, and with them the spaces. */
enum failure processes_end(void);

/* cover.c: what was reached. */
int cover_open(void);
bool cover_works(void);
void cover_enable(unsigned int thread);
void cover_begin(void);
/* Takes note of the last case; how many places are new. */
unsigned int cover_take(const struct shared *shared);
/* Has the last case reached all that the one of the last cover_take() was first to reach? */
bool cover_again(const struct shared *shared);
unsigned int cover_total(void);
/* Begins anew. */
void cover_forget(void);

/* text.c: cases as text, a line an operation; an empty line ends a case. */
void sequence_print(FILE *f, const struct sequence *s);
bool sequence_read(FILE *f, struct sequence *s);

/* mutate.c */
void sequence_random(struct sequence *s, __u64 *random);
void sequence_mutate(struct sequence *s, const struct sequence *other, __u64 *random);

static inline unsigned int dice(__u64 *random, unsigned int n)
{
	return (random_next(random) >> 33) % n;
}

#endif /* FUZZ_H */
