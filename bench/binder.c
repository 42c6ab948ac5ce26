// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian's binder_linux, by its ioctl: no library between. The server is the context
 * manager. Buffers are given back together with the next command. A burst is one-way
 * calls, all in one ioctl; as a call would overtake them, its answer comes through an
 * eventfd. The capabilities are handles of the context manager itself, which is what
 * costs least.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/android/binder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"

#define DEVICE		"/dev/binder"
#define ARENA		(4 * 1024 * 1024)	/* the largest */
#define CAPS_MAX	64
#define IN_SIZE		4096

/* Either end. */
static struct {
	int fd;
	size_t out_size;
	char out[(BURST_MAX + 1) *
		 (sizeof(__u32) + sizeof(struct binder_transaction_data))];
	size_t in_done;
	size_t in_size;
	char in[IN_SIZE];
} own;

/* The server is ready; it has all of a burst. */
static int ready = -1, burst_done = -1;

static const char *missing(const struct load *load)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return "there is no " DEVICE ", as binder_linux is not loaded";
	close(fd);
	if (load->family == STREAM && load->bytes * load->burst > ARENA / 2)
		return "one-way calls may fill half of an arena of 4 MiB";
	return NULL;
}

static void open_device(void)
{
	own.fd = must(open(DEVICE, O_RDWR | O_CLOEXEC), DEVICE);
	must(mmap(NULL, ARENA, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, own.fd,
		  0) == MAP_FAILED ? -1 : 0, "mmap of " DEVICE);
}

static void put(__u32 command, const void *data, size_t size)
{
	memcpy(own.out + own.out_size, &command, sizeof(command));
	memcpy(own.out + own.out_size + sizeof(command), data, size);
	own.out_size += sizeof(command) + size;
}

static void put_free(binder_uintptr_t buffer)
{
	put(BC_FREE_BUFFER, &buffer, sizeof(buffer));
}

/* Hands over what was put; waits for something to get. */
static void exchange(void)
{
	struct binder_write_read both = {
		.write_size = own.out_size,
		.write_buffer = (uintptr_t)own.out,
		.read_size = sizeof(own.in), .read_buffer = (uintptr_t)own.in,
	};

	must(ioctl(own.fd, BINDER_WRITE_READ, &both), "BINDER_WRITE_READ");
	own.out_size = 0;
	own.in_done = 0;
	own.in_size = both.read_consumed;
}

static bool is_ignored(__u32 command)
{
	return command == BR_NOOP || command == BR_TRANSACTION_COMPLETE ||
	       command == BR_ONEWAY_SPAM_SUSPECT;
}

/* The next call or answer, after as many exchanges as it takes. */
static struct binder_transaction_data get(__u32 *command)
{
	struct binder_transaction_data data;

	for (;;) {
		while (own.in_done >= own.in_size)
			exchange();
		memcpy(command, own.in + own.in_done, sizeof(*command));
		own.in_done += sizeof(*command);
		if (*command == BR_TRANSACTION || *command == BR_REPLY)
			break;
		if (is_ignored(*command))
			continue;
		fprintf(stderr, "bench: binder answers 0x%x\n", *command);
		exit(1);
	}
	memcpy(&data, own.in + own.in_done, sizeof(data));
	own.in_done += sizeof(data);
	return data;
}

static void prepare(const struct load *load)
{
	(void)load;
	ready = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	burst_done = must(eventfd(0, EFD_CLOEXEC), "eventfd");
}

/* The last one may still be on its way out. */
static void become_manager(void)
{
	unsigned int tries = 0;

	while (ioctl(own.fd, BINDER_SET_CONTEXT_MGR, 0) < 0) {
		if (errno != EBUSY || ++tries > 1000)
			must(-1, "BINDER_SET_CONTEXT_MGR");
		usleep(1000);
	}
}

static uint64_t answer_to(const struct load *load,
			  const struct binder_transaction_data *asked)
{
	return control_answer((void *)(uintptr_t)asked->data.ptr.buffer,
			      load->bytes,
			      asked->offsets_size / sizeof(binder_size_t));
}

static void serve(const struct load *load)
{
	uint64_t one = 1, answer = 0;
	struct binder_transaction_data asked, reply = {
		.data_size = sizeof(answer),
		.data.ptr.buffer = (uintptr_t)&answer,
	};
	unsigned int n = 0;
	__u32 command;

	open_device();
	become_manager();
	put(BC_ENTER_LOOPER, NULL, 0);
	must(write(ready, &one, sizeof(one)), "write");
	for (;;) {
		asked = get(&command);
		answer = n++ ? answer + answer_to(load, &asked) :
			answer_to(load, &asked);
		put_free(asked.data.ptr.buffer);
		if (!(asked.flags & TF_ONE_WAY))
			put(BC_REPLY, &reply, sizeof(reply));
		else if (n == load->burst)
			must(write(burst_done, &answer, sizeof(answer)), "write");
		if (n == load->burst)
			n = 0;
	}
}

/* What the client sends: the bytes, and behind them the objects. */
static struct binder_transaction_data call_data;
static binder_size_t offsets[CAPS_MAX];
static char *parcel;

static void take_manager(void)
{
	__u32 manager = 0;

	put(BC_ACQUIRE, &manager, sizeof(manager));
}

static void begin(const struct load *load, pid_t server)
{
	struct flat_binder_object object = {
		.hdr.type = BINDER_TYPE_HANDLE, .handle = 0,
	};
	uint64_t n;
	size_t i;

	(void)server;
	must(read(ready, &n, sizeof(n)), "read");
	open_device();
	take_manager();
	parcel = load->caps ? memory(load->bytes + CAPS_MAX * sizeof(object)) :
		request;
	for (i = 0; i < load->caps; i++) {
		offsets[i] = load->bytes + i * sizeof(object);
		memcpy(parcel + offsets[i], &object, sizeof(object));
	}
	call_data = (struct binder_transaction_data){
		.flags = load->burst > 1 ? TF_ONE_WAY : 0,
		.data_size = load->bytes + load->caps * sizeof(object),
		.offsets_size = load->caps * sizeof(binder_size_t),
		.data.ptr.buffer = (uintptr_t)parcel,
		.data.ptr.offsets = (uintptr_t)offsets,
	};
}

static uint64_t call_once(void)
{
	struct binder_transaction_data reply;
	uint64_t answer;
	__u32 command;

	put(BC_TRANSACTION, &call_data, sizeof(call_data));
	reply = get(&command);
	memcpy(&answer, (void *)(uintptr_t)reply.data.ptr.buffer, sizeof(answer));
	put_free(reply.data.ptr.buffer);
	return answer;
}

static uint64_t call_burst(unsigned int burst)
{
	uint64_t answer;
	unsigned int i;

	for (i = 0; i < burst; i++)
		put(BC_TRANSACTION, &call_data, sizeof(call_data));
	exchange();
	must(read(burst_done, &answer, sizeof(answer)), "read");
	return answer;
}

static uint64_t call(const struct load *load)
{
	if (load->caps)
		memcpy(parcel, request, load->bytes);
	return load->burst > 1 ? call_burst(load->burst) : call_once();
}

static void end(void)
{
	close(own.fd);
}

const struct mechanism mechanism_binder = {
	.name = "binder", .families = RTT | STREAM | CAPS, .repeats = REPEATS,
	.missing = missing, .prepare = prepare, .serve = serve, .begin = begin,
	.call = call, .end = end,
};
