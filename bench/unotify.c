// SPDX-License-Identifier: GPL-2.0-only
/*
 * A system call of the client is trapped, and the server says what it returns. Up to
 * six words go along as arguments; what is longer the server reads out of the client's
 * memory. Where the kernel can, it hands the CPU over at once.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"

/* No system call has this number. */
#define TRAPPED		0x4321
#define WORDS_MAX	6

/* Since 6.6. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS		SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP	1UL
#endif

/* How the server learns of the client's descriptor. */
static int hello[2] = { -1, -1 };

static const char *missing(const struct load *load)
{
	__u32 action = SECCOMP_RET_USER_NOTIF;

	(void)load;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) ?
		"the kernel has no SECCOMP_RET_USER_NOTIF" : NULL;
}

static void prepare(const struct load *load)
{
	(void)load;
	must(pipe(hello), "pipe");
}

static bool in_words(const struct load *load)
{
	return load->bytes <= WORDS_MAX * sizeof(__u64);
}

/* The listener, out of the client. */
static int take_listener(void)
{
	int theirs, client = must(syscall(SYS_pidfd_open, getppid(), 0),
				  "pidfd_open");

	read_all(hello[0], &theirs, sizeof(theirs));
	return must(syscall(SYS_pidfd_getfd, client, theirs, 0), "pidfd_getfd");
}

static uint64_t answer_to(const struct load *load,
			  struct seccomp_notif *asked, char *data)
{
	struct iovec in = { data, load->bytes };
	struct iovec out = { (void *)asked->data.args[0], load->bytes };

	if (in_words(load))
		return control_answer(asked->data.args, load->bytes, 0);
	must(process_vm_readv(asked->pid, &in, 1, &out, 1, 0),
	     "process_vm_readv");
	return control_answer(data, load->bytes, 0);
}

static void serve(const struct load *load)
{
	char *data = memory(load->bytes);
	int listener = take_listener();
	struct seccomp_notif asked;
	struct seccomp_notif_resp answer;

	/* From now on the server wakes the client as who is about to sleep. */
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
	      SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	for (;;) {
		memset(&asked, 0, sizeof(asked));
		must(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked),
		     "NOTIF_RECV");
		answer = (struct seccomp_notif_resp){
			.id = asked.id, .val = answer_to(load, &asked, data),
		};
		must(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer),
		     "NOTIF_SEND");
	}
}

static void begin(const struct load *load, pid_t server)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TRAPPED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(*code), .filter = code,
	};
	int listener;

	(void)load;
	(void)server;
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	listener = must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				SECCOMP_FILTER_FLAG_NEW_LISTENER, &program),
			"seccomp");
	write_all(hello[1], &listener, sizeof(listener));
}

static uint64_t call(const struct load *load)
{
	uint64_t w[WORDS_MAX] = { 0 };

	if (in_words(load))
		memcpy(w, request, load->bytes);
	else
		w[0] = (uintptr_t)request;
	return must(syscall(TRAPPED, w[0], w[1], w[2], w[3], w[4], w[5]),
		    "the trapped system call");
}

static void end(void)
{
}

const struct mechanism mechanism_unotify = {
	.name = "unotify", .families = RTT, .repeats = REPEATS, .missing = missing,
	.prepare = prepare, .serve = serve, .begin = begin, .call = call,
	.end = end,
};
