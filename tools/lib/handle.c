// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What handlers of virtual objects say to the kernel, and what is asked about them. The
 * loop that they run in is that of servers, in serve.c.
 */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "request.h"

/**
 * capmsg_upcall_slot() - which slot of a cappage is meant
 * @upcall: what the kernel asks
 * @bits: log2 of the slots that the virtual cappage has
 * @out_slot: gets the index of the slot, in the whole cappage
 * @out_taken: gets how many bits of the address that takes: @bits, less for who
 *	holds a capability to a part of the cappage only
 *
 * Return: 0, or -ENOENT if the address has too few bits.
 */
int capmsg_upcall_slot(const struct capmsg_upcall *upcall, unsigned int bits,
		       unsigned int *out_slot, unsigned int *out_taken)
{
	unsigned int taken = bits - upcall->subpage_bits;

	if (upcall->subpage_bits >= bits ||
	    capmsg_address_depth(upcall->address) < taken)
		return -ENOENT;
	*out_slot = (upcall->subpage << taken) |
		    (unsigned int)(upcall->address >> (64 - taken));
	*out_taken = taken;
	return 0;
}

/**
 * capmsg_answer_upcall() - answer an upcall
 * @request: the upcall
 * @resolution: the answer; its size is filled in here. Need not outlive this
 *	function
 * @address: address of the capability that goes with it, or CAPMSG_ADDRESS_VOID
 * @rights: the rights of that to give; CAPMSG_RIGHTS_ALL gives all there are
 *
 * The answer is delivered when the callback returns. If the kernel refuses it then
 * the callback @refused is told, and the client gets ENOENT.
 *
 * Return: 0, or -EALREADY if this is no upcall or it is answered already.
 */
int capmsg_answer_upcall(struct capmsg_request *request,
			 const struct capmsg_resolution *resolution,
			 uint64_t address, uint32_t rights)
{
	struct capmsg_resolution answer = *resolution;
	int err;

	if (!request_is_upcall(request))
		return -EALREADY;
	answer.size = sizeof(answer);
	err = capmsg_answer(request, &answer, sizeof(answer));
	if (err)
		return err;
	request->item = (struct capmsg_item){
		.address = address,
		.rights = rights,
	};
	request->n_items = address != CAPMSG_ADDRESS_VOID;
	return 0;
}

/**
 * capmsg_answer_value() - say which capability is there
 * @request: the upcall
 * @bits: how many bits of the address lead there
 * @address: address of the capability, in the handler's space; not through a
 *	virtual cappage
 *
 * Return: as capmsg_answer_upcall().
 */
int capmsg_answer_value(struct capmsg_request *request, unsigned int bits,
			uint64_t address)
{
	const struct capmsg_resolution value = {
		.result = CAPMSG_RESULT_VALUE,
		.bits = bits,
	};

	return capmsg_answer_upcall(request, &value, address, CAPMSG_RIGHTS_ALL);
}

/**
 * capmsg_answer_slot() - say which slot of a real cappage it is
 * @request: the upcall
 * @bits: how many bits of the address lead there
 * @table: address of the cappage, in the handler's space
 * @slot: the slot, in the part of the cappage that @table names
 *
 * Return: as capmsg_answer_upcall().
 */
int capmsg_answer_slot(struct capmsg_request *request, unsigned int bits,
		       uint64_t table, unsigned int slot)
{
	const struct capmsg_resolution where = {
		.result = CAPMSG_RESULT_SLOT,
		.bits = bits,
		.slot = slot,
	};

	return capmsg_answer_upcall(request, &where, table, CAPMSG_RIGHTS_ALL);
}

/**
 * capmsg_answer_stand_in() - say which object the command is carried out with
 * @request: the upcall, of operation CAPMSG_UPCALL_INVOKE
 * @address: address of a capability to an object of the same kind, in the handler's
 *	space; not through a virtual cappage
 *
 * Return: as capmsg_answer_upcall().
 */
int capmsg_answer_stand_in(struct capmsg_request *request, uint64_t address)
{
	return capmsg_answer_value(request, 0, address);
}

/**
 * capmsg_answer_done() - say that the command was carried out
 * @request: the upcall, of operation CAPMSG_UPCALL_INVOKE, by one of the commands
 *	that enum capmsg_result names
 *
 * Return: as capmsg_answer_upcall().
 */
int capmsg_answer_done(struct capmsg_request *request)
{
	const struct capmsg_resolution done = { .result = CAPMSG_RESULT_DONE };

	return capmsg_answer_upcall(request, &done, CAPMSG_ADDRESS_VOID, 0);
}

/**
 * capmsg_answer_retry() - have the kernel look again
 * @request: the upcall
 *
 * For who has put something there: a table in place of the virtual one, or a
 * capability into the slot of the kept one.
 *
 * Return: as capmsg_answer_upcall().
 */
int capmsg_answer_retry(struct capmsg_request *request)
{
	const struct capmsg_resolution retry = { .result = CAPMSG_RESULT_RETRY };

	return capmsg_answer_upcall(request, &retry, CAPMSG_ADDRESS_VOID, 0);
}

/**
 * capmsg_answer_error() - say that nothing is there, or that it is not for this client
 * @request: the upcall
 * @error: ENOENT or EACCES
 *
 * Return: as capmsg_answer_upcall().
 */
int capmsg_answer_error(struct capmsg_request *request, int error)
{
	const struct capmsg_resolution why = {
		.result = CAPMSG_RESULT_ERROR,
		.error = (uint32_t)error,
	};

	return capmsg_answer_upcall(request, &why, CAPMSG_ADDRESS_VOID, 0);
}

/**
 * capmsg_invalidate() - have answers forgotten that the kernel remembers
 * @fd: a space
 * @invalidate: port, virtual object, and of which part of it; tells the counts
 *
 * Return: 0 or -errno as documented at struct capmsg_invalidate.
 */
int capmsg_invalidate(int fd, struct capmsg_invalidate *invalidate)
{
	invalidate->size = sizeof(*invalidate);
	return command(fd, CAPMSG_IOC_INVALIDATE, invalidate);
}

/**
 * capmsg_upcalls() - ask who waits for a handler
 * @fd: a space
 * @port: address of the handler's port, with RECV
 * @waiting: gets the entries, the one first who has waited longest
 * @n: room there, 1 to 4096
 * @out_n: gets their number
 *
 * Return: 0 or -errno as documented at struct capmsg_upcalls.
 */
int capmsg_upcalls(int fd, uint64_t port, struct capmsg_waiting *waiting,
		   uint32_t n, uint32_t *out_n)
{
	struct capmsg_upcalls args = {
		.size = sizeof(args),
		.port = port,
		.waiting = (uintptr_t)waiting,
		.n = n,
	};
	int err = command(fd, CAPMSG_IOC_UPCALLS, &args);

	if (!err)
		*out_n = args.out_n;
	return err;
}

/**
 * capmsg_abort() - end an upcall
 * @fd: a space
 * @port: address of the handler's port, with RECV
 * @id: which, as capmsg_upcalls() tells it
 *
 * Return: 0 or -errno as documented at struct capmsg_abort.
 */
int capmsg_abort(int fd, uint64_t port, uint64_t id)
{
	struct capmsg_abort args = {
		.size = sizeof(args),
		.port = port,
		.id = id,
	};

	return command(fd, CAPMSG_IOC_ABORT, &args);
}
