/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libcapmsg - capability messaging for C programs
 *
 * One function per command of <linux/capmsg.h>, helpers for addresses, rights
 * and deadlines, and a server loop. Functions return 0 or a negative errno
 * unless their comment says otherwise. The library has no state of its own: no
 * globals, no threads, no memory that outlives a call.
 */
#ifndef CAPMSG_H
#define CAPMSG_H

#include <stddef.h>
#include <stdint.h>

#include <linux/capmsg.h>

#ifdef __cplusplus
extern "C" {
#endif

/** CAPMSG_DEVICE - the device whose open files are spaces */
#define CAPMSG_DEVICE		"/dev/capmsg"

/** CAPMSG_FD_VARIABLE - environment variable that tells of inherited files */
#define CAPMSG_FD_VARIABLE	"CAPMSG_FD"

/** CAPMSG_ADDRESS_TEXT - room for any address as text, NUL included */
#define CAPMSG_ADDRESS_TEXT	24

/** CAPMSG_RIGHTS_TEXT - room for any set of rights as text, NUL included */
#define CAPMSG_RIGHTS_TEXT	8

/* ---- spaces ---- */

int capmsg_open(void);
int capmsg_query(int fd, struct capmsg_query *query);
int capmsg_setup(int fd, struct capmsg_setup *setup);

/* ---- objects ---- */

int capmsg_create_cappage(int fd, uint64_t to, unsigned int bits);
int capmsg_create_kept_cappage(int fd, uint64_t to, unsigned int bits,
			       uint64_t keeper);
int capmsg_create_port(int fd, struct capmsg_create_port *port);
int capmsg_register(int fd, uint64_t to, void *memory, size_t length);
int capmsg_unregister(int fd, uint64_t region);
int capmsg_create_notification(int fd, uint64_t to, uint32_t flags, int eventfd);
int capmsg_create_message(int fd, uint64_t to, uint64_t notification,
			  uint64_t bits);
int capmsg_create_revoker(int fd, uint64_t from, uint64_t to, uint64_t revoker);
int capmsg_create_virtual(int fd, struct capmsg_create_virtual *object);
int capmsg_destroy(int fd, uint64_t address);

/* ---- capabilities ---- */

int capmsg_copy(int fd, struct capmsg_copy *copy);
int capmsg_move(int fd, uint64_t from, uint64_t to);
int capmsg_move_reply(int fd, uint64_t port, uint32_t post, uint32_t seq,
		      uint64_t to);
int capmsg_clear(int fd, uint64_t slot);
int capmsg_clear_reply(int fd, uint64_t port, uint32_t post, uint32_t seq);
int capmsg_stat(int fd, uint64_t address, struct capmsg_stat *stat);
int capmsg_list(int fd, struct capmsg_list *list);
int capmsg_export(int fd, uint64_t from, uint32_t rights, int *out_fd);
int capmsg_import(int fd, uint64_t to, int exported_fd);
int capmsg_inherited_fd(const char *name);
int capmsg_revoke(int fd, uint64_t revoker);
int capmsg_close_revoker(int fd, uint64_t revoker);
int capmsg_open_revoker(int fd, uint64_t revoker);

/* ---- messages ---- */

int capmsg_post(int fd, struct capmsg_post *post);
int capmsg_unpost(int fd, uint64_t port, uint32_t post);
int capmsg_send(int fd, struct capmsg_send *send);
int capmsg_recv(int fd, struct capmsg_recv *recv);
int capmsg_call(int fd, struct capmsg_call *call);
int capmsg_reply(int fd, struct capmsg_reply *reply);
int capmsg_reply_recv(int fd, struct capmsg_reply_recv *reply_recv);

/* ---- messages in steps, and limits ---- */

int capmsg_begin(int fd, struct capmsg_begin *begin);
int capmsg_fill(int fd, uint64_t message, uint64_t offset, const void *data,
		size_t length);
int capmsg_fill_pieces(int fd, struct capmsg_fill *fill);
int capmsg_transmit(int fd, struct capmsg_transmit *transmit);
int capmsg_abandon(int fd, uint64_t message);
int capmsg_credits(int fd, struct capmsg_credits *credits);
int capmsg_limits(int fd, struct capmsg_limits *limits);

/* ---- notices ---- */

int capmsg_signal(int fd, uint64_t notification, uint64_t bits);
int capmsg_wait(int fd, struct capmsg_wait *wait);
int capmsg_watch(int fd, uint64_t address, uint64_t to, uint64_t notification,
		 uint64_t bits);

/* ---- addresses, rights, time, words ---- */

uint64_t capmsg_address(uint64_t bits, unsigned int depth);
unsigned int capmsg_address_depth(uint64_t address);
uint64_t capmsg_address_bits(uint64_t address);
uint64_t capmsg_address_append(uint64_t address, uint64_t bits,
			       unsigned int depth);
int capmsg_address_parse(const char *text, uint64_t *out_address);
int capmsg_address_format(uint64_t address, char *text, size_t size);

int capmsg_rights_parse(const char *text, uint32_t *out_rights);
int capmsg_rights_format(uint32_t rights, char *text, size_t size);
const char *capmsg_type_name(uint32_t type);
const char *capmsg_command_name(uint32_t command);
const char *capmsg_state_name(uint32_t state);
const char *capmsg_limit_name(uint32_t limit);

uint64_t capmsg_deadline_in(uint64_t ns);

const char *capmsg_strerror(int error);

/* ---- a server ---- */

/**
 * struct capmsg_request - a message that a callback of capmsg_serve() looks at
 *
 * Belongs to capmsg_serve() and is valid until the callback returns.
 */
struct capmsg_request;

/**
 * struct capmsg_ops - what a server does with its messages
 * @size: sizeof(struct capmsg_ops); the struct may grow at its tail
 * @call: a message whose sender waits for an answer. Is to answer exactly once,
 *	with capmsg_answer() or capmsg_answer_with(), or to take the reply right
 *	with capmsg_request_take() and answer later with capmsg_reply(). A call
 *	that is left unanswered is dropped: its caller gets EPIPE
 * @message: a message that needs no answer; NULL: such messages are ignored
 *
 * The bytes of the message are capmsg_request_data(), for which the post's
 * cookie has to be the address of its buffer. Capabilities that came with it
 * are in the post's landing slots and must have been moved or cleared when the
 * callback returns, because the post is then posted again.
 *
 * A callback returns 0 to go on; anything else ends capmsg_serve(), which
 * returns it after the answer, if there is one, is delivered.
 */
struct capmsg_ops {
	size_t size;
	int (*call)(struct capmsg_request *request, void *arg);
	int (*message)(struct capmsg_request *request, void *arg);
};

int capmsg_serve(int fd, uint64_t port, const struct capmsg_ops *ops, void *arg);
const struct capmsg_record *
capmsg_request_record(const struct capmsg_request *request);
const void *capmsg_request_data(const struct capmsg_request *request);
int capmsg_answer(struct capmsg_request *request, const void *data,
		  size_t length);
int capmsg_answer_with(struct capmsg_request *request,
		       struct capmsg_reply *reply);
int capmsg_request_take(struct capmsg_request *request, uint64_t to);

/* ---- a handler of virtual objects ---- */

/**
 * struct capmsg_handler_ops - what a handler says to upcalls
 * @size: sizeof(struct capmsg_handler_ops); the struct may grow at its tail
 * @index: an address leads through a virtual object: where does it go on? The upcall
 *	tells object, rest of the address (capmsg_address_depth() tells its bits),
 *	flags, badge and rights. Is to answer exactly once, with
 *	capmsg_answer_value(), _slot(), _retry(), _error() or _upcall(), or to take
 *	the reply right with capmsg_request_take() and answer later with
 *	capmsg_reply(). An upcall that is left unanswered is dropped: its client gets
 *	ENOENT. The same is asked again if the client begins again, so nothing is
 *	to be done here that must be done once
 * @invoke: a command is directed at a virtual object: what stands in for it? The
 *	upcall tells object, command (capmsg_command_name()), badge and rights. As
 *	@index, but to be answered with capmsg_answer_stand_in(), _done(), _retry(),
 *	_error() or _upcall(). NULL: the client gets ENOENT
 * @refused: the kernel has refused an answer, with this -errno (as documented at
 *	struct capmsg_resolution), and its client gets ENOENT; NULL: not told
 * @call: a call of somebody else to the port, as in struct capmsg_ops; NULL: such
 *	calls are dropped
 * @message: a message of somebody else, as in struct capmsg_ops; NULL: ignored
 *
 * A callback returns 0 to go on; anything else ends capmsg_handle(), which returns
 * it after the answer, if there is one, is delivered. What the answering functions
 * return is fit for that. With several threads callbacks run at the same time.
 */
struct capmsg_handler_ops {
	size_t size;
	int (*index)(struct capmsg_request *request,
		     const struct capmsg_upcall *upcall, void *arg);
	int (*invoke)(struct capmsg_request *request,
		      const struct capmsg_upcall *upcall, void *arg);
	void (*refused)(const struct capmsg_upcall *upcall, int error, void *arg);
	int (*call)(struct capmsg_request *request, void *arg);
	int (*message)(struct capmsg_request *request, void *arg);
};

int capmsg_handle(int fd, uint64_t port, const struct capmsg_handler_ops *ops,
		  void *arg);
int capmsg_upcall_slot(const struct capmsg_upcall *upcall, unsigned int bits,
		       unsigned int *out_slot, unsigned int *out_taken);
int capmsg_answer_value(struct capmsg_request *request, unsigned int bits,
			uint64_t address);
int capmsg_answer_slot(struct capmsg_request *request, unsigned int bits,
		       uint64_t table, unsigned int slot);
int capmsg_answer_stand_in(struct capmsg_request *request, uint64_t address);
int capmsg_answer_done(struct capmsg_request *request);
int capmsg_answer_retry(struct capmsg_request *request);
int capmsg_answer_error(struct capmsg_request *request, int error);
int capmsg_answer_upcall(struct capmsg_request *request,
			 const struct capmsg_resolution *resolution,
			 uint64_t address, uint32_t rights);
int capmsg_invalidate(int fd, struct capmsg_invalidate *invalidate);
int capmsg_upcalls(int fd, uint64_t port, struct capmsg_waiting *waiting,
		   uint32_t n, uint32_t *out_n);
int capmsg_abort(int fd, uint64_t port, uint64_t id);

#ifdef __cplusplus
}
#endif

#endif /* CAPMSG_H */
