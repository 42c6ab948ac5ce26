// SPDX-License-Identifier: GPL-2.0-only
/* Operations on the module: from struct op to a system call and back. */
#include <sys/syscall.h>

#include "machine.h"

#define UNKNOWN_FLAG	0x40000000

/* --- before --------------------------------------------------------------- */

static void fill_payload(struct exec *exec)
{
	struct op *op = &exec->op;
	__u32 i, at = 0, part = op->pieces ? op->length / op->pieces : 0;

	payload_fill(exec->data, op->length, op->seed);
	if (!op->pieces) {
		op_payload(op, PTR(exec->data), op->length, PTR(op->items), 0);
		return;
	}
	for (i = 0; i < op->pieces; i++) {
		__u32 n = i + 1 == op->pieces ? op->length - at : part;

		exec->iov[i] = (struct capmsg_iovec){ PTR(exec->data + at), n };
		at += n;
	}
	op_payload(op, PTR(exec->iov), 0, PTR(op->items), op->pieces);
}

static void fill_records(struct exec *exec)
{
	int i;

	memset(exec->records, POISON, sizeof(exec->records));
	for (i = 0; i < RECORDS_MAX; i++) {
		exec->records[i].data = PTR(exec->inlined[i]);
		exec->records[i].data_size = exec->op.data_size;
	}
}

static void fill_pointers(struct machine *m, struct exec *exec)
{
	union args *a = &exec->op.a;

	if (op_sends(&exec->op))
		fill_payload(exec);
	switch (exec->op.nr) {
	case CAPMSG_CMD_REGISTER:
		a->reg.address += PTR(m->memory[exec->op.memory]);
		break;
	case CAPMSG_CMD_LIST:
		a->list.entries = PTR(exec->entries);
		break;
	case CAPMSG_CMD_RECV:
		fill_records(exec);
		a->recv.records = PTR(exec->records);
		a->recv.reposts = PTR(exec->op.reposts);
		if (a->recv.plain)
			a->recv.plain = PTR(exec->plain);
		break;
	case CAPMSG_CMD_REPLY_RECV:
		fill_records(exec);
		a->reply_recv.records = PTR(exec->records);
		a->reply_recv.reposts = PTR(exec->op.reposts);
		break;
	case CAPMSG_CMD_CALL:
		if (!(a->call.flags & CAPMSG_CALL_REGION))
			a->call.reply_data = PTR(exec->answer);
		break;
	case CAPMSG_CMD_IMPORT:
		a->import.fd = m->exports[exec->op.export];
		break;
	}
}

static void prepare(struct machine *m, const struct op *op, struct exec *exec)
{
	exec->op = *op;
	exec->fd = m->fds[op->space];
	exec->result = (struct result){ .ret = -EPROTO, .entries = exec->entries };
	if (op->nr < CAPMSG_CMD_COUNT)
		fill_pointers(m, exec);
	exec->before = *op_flags(&exec->op);
}

/* --- after ---------------------------------------------------------------- */

static void take_records(struct exec *exec, __u32 n)
{
	__u32 i;

	exec->result.n = n;
	for (i = 0; i < n && i < RECORDS_MAX; i++)
		exec->result.records[i].record = exec->records[i];
}

/* Outputs of a command that succeeded. */
static void take_outputs(struct exec *exec)
{
	struct result *r = &exec->result;
	union args *a = &exec->op.a;

	switch (exec->op.nr) {
	case CAPMSG_CMD_QUERY:
		r->query = a->query;
		break;
	case CAPMSG_CMD_STAT:
		r->stat = a->stat;
		break;
	case CAPMSG_CMD_LIST:
		r->n = a->list.out_n;
		r->next = a->list.out_next;
		break;
	case CAPMSG_CMD_POST:
		r->post = a->post.out_post;
		break;
	case CAPMSG_CMD_RECV:
		take_records(exec, a->recv.out_n);
		break;
	case CAPMSG_CMD_REPLY_RECV:
		take_records(exec, a->reply_recv.out_n);
		break;
	case CAPMSG_CMD_CALL:
		r->length = a->call.out_length;
		r->n_caps = a->call.out_n_caps;
		break;
	}
}

/* What is told whether the command succeeds or not. */
static void take_traces(struct exec *exec, const struct op *before)
{
	struct result *r = &exec->result;
	union args *a = &exec->op.a;

	if (exec->op.nr == CAPMSG_CMD_RECV) {
		r->reposted = r->ret && before->a.recv.n_reposts && !a->recv.n_reposts;
	} else if (exec->op.nr == CAPMSG_CMD_REPLY_RECV) {
		r->reposted = r->ret && before->a.reply_recv.n_reposts &&
			      !a->reply_recv.n_reposts;
		r->answered = r->ret && (a->reply_recv.flags & ~exec->before &
					 CAPMSG_REPLY_NONE);
		if (!(exec->before & CAPMSG_REPLY_NONE) && (!r->ret || r->answered))
			r->reply_error = a->reply_recv.out_reply_error;
	}
}

/* --- the call itself ------------------------------------------------------ */

static int faulty(struct exec *exec)
{
	char args[PAGE] = "";
	const size_t size = capmsg_size(exec->op.nr);
	unsigned long request = _IO(CAPMSG_IOC_MAGIC, exec->op.nr);
	void *arg = args;

	memcpy(args, &exec->op.a, sizeof(exec->op.a));
	*(__u32 *)args = size;
	switch (exec->op.fault) {
	case FAULT_FLAG:
		*((__u32 *)args + 1) |= UNKNOWN_FLAG;
		break;
	case FAULT_SHORT:
		*(__u32 *)args = size - 4;
		break;
	case FAULT_TAIL:
		*(__u32 *)args = size + 8;
		args[size + 3] = 1;
		break;
	case FAULT_POINTER:
		arg = (void *)-PAGE;
		break;
	}
	return ioctl(exec->fd, request, arg) ? -errno : 0;
}

static void command(struct machine *m, struct exec *exec, const struct op *before)
{
	struct result *r = &exec->result;

	if (exec->op.fault) {
		r->ret = faulty(exec);
		return;
	}
	exec->op.a.query.size = capmsg_size(exec->op.nr);
	r->ret = capmsg_do(exec->fd, exec->op.nr, &exec->op.a);
	if (!r->ret)
		take_outputs(exec);
	take_traces(exec, before);
	if (!r->ret && exec->op.nr == CAPMSG_CMD_EXPORT)
		m->exports[exec->op.export] = exec->op.a.export.out_fd;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int extra(struct machine *m, const struct op *op)
{
	switch (op->nr) {
	case OP_OPEN:
		m->fds[op->space] = space_open();
		return m->fds[op->space] < 0 ? m->fds[op->space] : 0;
	case OP_CLOSE:
		close_fd(&m->fds[op->space]);
		return 0;
	case OP_CLOSE_EXPORT:
		close_fd(&m->exports[op->export]);
		return 0;
	default:
		worker_signal(&m->workers[(int)op->job]);
		return 0;
	}
}

void machine_run(struct machine *m, const struct op *op, struct exec *exec)
{
	prepare(m, op, exec);
	if (op->nr < CAPMSG_CMD_COUNT)
		command(m, exec, op);
	else
		exec->result.ret = extra(m, op);
}

/* --- workers -------------------------------------------------------------- */

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct op before;

	atomic_store(&worker->tid, syscall(SYS_gettid));
	for (;;) {
		while (sem_wait(&worker->start))
			;
		if (worker->stop)
			return NULL;
		before = worker->exec.op;
		/* Only waiting commands come here: none makes a file. */
		command(NULL, &worker->exec, &before);
		sem_post(&worker->end);
		atomic_store(&worker->busy, 0);
	}
}

void worker_run(struct machine *m, int job, const struct op *op)
{
	struct worker *worker = &m->workers[job];

	prepare(m, op, &worker->exec);
	atomic_store(&worker->busy, 1);
	sem_post(&worker->start);
}

bool worker_blocked(struct worker *worker)
{
	__u64 end = in_ms(worker->patience_ms);
	int seen = 0;

	/* Twice: some commands wait for one thing, and then for another. */
	while (seen < 2 && atomic_load(&worker->busy) && now_ns() < end) {
		seen = task_blocked(atomic_load(&worker->tid)) ? seen + 1 : 0;
		if (seen < 2)
			sched_yield();
	}
	return seen == 2;
}

bool worker_ended(struct worker *worker)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += worker->patience_ms / 1000;
	while (sem_timedwait(&worker->end, &end))
		if (errno != EINTR)
			return false;
	while (atomic_load(&worker->busy))
		sched_yield();
	return true;
}

void worker_signal(struct worker *worker)
{
	syscall(SYS_tgkill, getpid(), atomic_load(&worker->tid), SIGUSR1);
}

int machine_start(struct machine *m)
{
	int i;

	memset(m, 0, sizeof(*m));
	signal_ignore(SIGUSR1, 0);
	for (i = 0; i < SPACES; i++)
		m->fds[i] = -1;
	for (i = 0; i < EXPORTS; i++)
		m->exports[i] = -1;
	for (i = 0; i < MEMORIES; i++) {
		m->memory[i] = memory_new(MEMORY_BYTES + 2 * PAGE, true);
		/* What is behind it cannot be registered. */
		if (!m->memory[i] || mprotect(m->memory[i] + MEMORY_BYTES, 2 * PAGE, PROT_NONE))
			return -ENOMEM;
	}
	if (prices_find(&m->prices, m->memory[0]))
		return -EPROTO;
	for (i = 0; i < JOBS; i++) {
		struct worker *worker = &m->workers[i];

		worker->patience_ms = CAPMSG_PATIENCE_MS;
		sem_init(&worker->start, 0, 0);
		sem_init(&worker->end, 0, 0);
		if (pthread_create(&worker->thread, NULL, work, worker))
			return -EAGAIN;
		while (!atomic_load(&worker->tid))
			sched_yield();
	}
	return 0;
}

void machine_reset(struct machine *m)
{
	int i;

	for (i = 0; i < JOBS; i++) {
		while (atomic_load(&m->workers[i].busy)) {
			worker_signal(&m->workers[i]);
			sleep_ms(1);
		}
		while (!sem_trywait(&m->workers[i].end))
			;
	}
	for (i = 0; i < SPACES; i++)
		close_fd(&m->fds[i]);
	for (i = 0; i < EXPORTS; i++)
		close_fd(&m->exports[i]);
	for (i = 0; i < MEMORIES; i++)
		memset(m->memory[i], 0, MEMORY_BYTES);
}

void machine_stop(struct machine *m)
{
	int i;

	machine_reset(m);
	for (i = 0; i < JOBS; i++) {
		m->workers[i].stop = true;
		sem_post(&m->workers[i].start);
		pthread_join(m->workers[i].thread, NULL);
	}
	for (i = 0; i < MEMORIES; i++)
		munmap(m->memory[i], MEMORY_BYTES + 2 * PAGE);
}
