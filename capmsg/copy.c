// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying in chunks. Within a chunk neither preemption nor page faults happen,
 * so it takes microseconds: whoever must wait for it may. What is missing
 * stops the chunk; the caller faults it in without holding anything.
 *
 * Where source and target may be the same memory, the chunk is read whole into
 * a scratch buffer of this CPU before the first byte is written. With PREEMPT_RT
 * that may be preempted, and what guards the buffer is a lock.
 */
#include <linux/fault-inject-usercopy.h>
#include <linux/highmem.h>
#include <linux/local_lock.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/uaccess.h>

#include "copy.h"

#define SCRATCH_SIZE	SZ_64K
/* Bounds the time without preemption; PREEMPT_RT wants it shorter. */
#define CHUNK_SIZE	(IS_ENABLED(CONFIG_PREEMPT_RT) ? SZ_4K : SZ_64K)

struct scratch {
	local_lock_t lock;
	void *buffer;
};

static DEFINE_PER_CPU(struct scratch, scratch) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

static DEFINE_PER_CPU(u64, copied);

/**
 * capmsg_copy_init() - allocate the scratch buffers
 *
 * Context: Module initialisation.
 * Return: 0 or -ENOMEM.
 */
int capmsg_copy_init(void)
{
	void *buffer;
	int cpu;

	for_each_possible_cpu(cpu) {
		buffer = kmalloc_node(SCRATCH_SIZE, GFP_KERNEL,
				      cpu_to_node(cpu));
		if (!buffer) {
			capmsg_copy_exit();
			return -ENOMEM;
		}
		per_cpu(scratch.buffer, cpu) = buffer;
	}
	return 0;
}

/**
 * capmsg_copy_exit() - free the scratch buffers
 *
 * Context: Module exit, or a failed initialisation.
 */
void capmsg_copy_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		kfree(per_cpu(scratch.buffer, cpu));
		per_cpu(scratch.buffer, cpu) = NULL;
	}
}

/*
 * _copy_from_iter() copies as copy_from_iter() does, and does not look first whether the
 * target is of a size that it knows: it is a page, and that costs more than the rest.
 */
static size_t copy_direct(const struct capmsg_pin *pin, u64 at, size_t n,
			  struct iov_iter *from)
{
	struct page **page = &pin->pages[at >> PAGE_SHIFT];
	size_t offset = offset_in_page(at), done = 0, bytes, got;
	void *target;

	preempt_disable();
	pagefault_disable();
	while (done < n) {
		bytes = min_t(size_t, n - done, PAGE_SIZE - offset);
		target = kmap_local_page(*page++);
		got = _copy_from_iter(target + offset, bytes, from);
		kunmap_local(target);
		done += got;
		if (got < bytes)
			break;
		offset = 0;
	}
	pagefault_enable();
	preempt_enable();
	return done;
}

static void copy_to_pages(const struct capmsg_pin *pin, u64 at, size_t n,
			  const void *buffer)
{
	struct page **page = &pin->pages[at >> PAGE_SHIFT];
	size_t offset = offset_in_page(at), bytes;

	for (; n; n -= bytes, buffer += bytes, offset = 0) {
		bytes = min_t(size_t, n, PAGE_SIZE - offset);
		memcpy_to_page(*page++, offset, buffer, bytes);
	}
}

static size_t copy_by_scratch(const struct capmsg_pin *pin, u64 at, size_t n,
			      struct iov_iter *from)
{
	void *buffer;
	size_t got;

	local_lock(&scratch.lock);
	pagefault_disable();
	buffer = this_cpu_read(scratch.buffer);
	got = copy_from_iter(buffer, n, from);
	if (got == n) {
		copy_to_pages(pin, at, n, buffer);
	} else {
		/* Nothing may be written before all of it is read. */
		iov_iter_revert(from, got);
		got = 0;
	}
	pagefault_enable();
	local_unlock(&scratch.lock);
	return got;
}

/**
 * capmsg_copy_chunk() - copy the next chunk of a payload
 * @target: where to
 * @at: how much was copied before; at + count of @from fits the target
 * @from: the rest of the source, in memory of the caller; advanced
 *
 * Context: Process context of the owner of the source. Faults nothing in. The
 * caller has seen to it that nobody else uses the target.
 * Return: number of bytes that were copied. If it is 0 with bytes left, the
 * next byte of the source (or, where memory may be shared, one of the next
 * 64 KiB) is not in memory now.
 */
size_t capmsg_copy_chunk(const struct capmsg_target *target, u64 at,
			 struct iov_iter *from)
{
	const struct capmsg_pin *pin = target->pin;
	bool alias = pin->aliasable || pin->mm == current->mm;
	size_t n, got;

	/* Exactness up to 64 KiB counts for more than latency. */
	n = min_t(size_t, iov_iter_count(from), alias ? SCRATCH_SIZE :
						CHUNK_SIZE);
	at += target->offset + pin->offset;
	got = alias ? copy_by_scratch(pin, at, n, from) :
		      copy_direct(pin, at, n, from);
	this_cpu_add(copied, got);
	return got;
}

/**
 * capmsg_copy_short() - put the bytes of a short message into a buffer
 * @target: where to
 * @from: the bytes
 * @n: how many; they fit
 *
 * Context: Any. Cannot fail: the pages are pinned.
 */
void capmsg_copy_short(const struct capmsg_target *target, const void *from,
		       size_t n)
{
	copy_to_pages(target->pin, target->offset + target->pin->offset,
		      n, from);
}

/* The @i-th word; on a fault they go to the label of the same name. */
#define READ_WORD(to, from, i)						\
	unsafe_get_user(((u64 *)(to))[i], (const u64 __user *)(from) + (i), fault)
#define WRITE_WORD(to, from, i)						\
	unsafe_put_user(((const u64 *)(from))[i], (u64 __user *)(to) + (i), fault)

/**
 * capmsg_words_from_user() - read a few words or bytes of the caller's
 * @to: where to; aligned to 8 bytes
 * @from: where from
 * @n: bytes; at most a few hundred, and room for them was checked
 *
 * For so little the general copy spends most of its time on getting ready.
 *
 * Context: Process context; may sleep, so no locks held.
 * Return: 0 or -EFAULT.
 */
int capmsg_words_from_user(void *to, const void __user *from, size_t n)
{
	might_fault();
	if (!n)
		return 0;
	if (should_fail_usercopy() || !user_read_access_begin(from, n))
		return -EFAULT;
	for (; n >= 4 * sizeof(u64); n -= 4 * sizeof(u64)) {
		READ_WORD(to, from, 0);
		READ_WORD(to, from, 1);
		READ_WORD(to, from, 2);
		READ_WORD(to, from, 3);
		to += 4 * sizeof(u64);
		from += 4 * sizeof(u64);
	}
	if (n & (2 * sizeof(u64))) {
		READ_WORD(to, from, 0);
		READ_WORD(to, from, 1);
		to += 2 * sizeof(u64);
		from += 2 * sizeof(u64);
	}
	if (n & sizeof(u64)) {
		READ_WORD(to, from, 0);
		to += sizeof(u64);
		from += sizeof(u64);
	}
	for (n %= sizeof(u64); n; n--) {
		unsafe_get_user(*(u8 *)to, (const u8 __user *)from, fault);
		to++;
		from++;
	}
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * capmsg_words_to_user() - write a few words or bytes of the caller's
 * @to: where to
 * @from: where from; aligned to 8 bytes
 * @n: bytes; at most a few hundred
 *
 * Context: Process context; may sleep, so no locks held.
 * Return: 0 or -EFAULT; some may be written then.
 */
int capmsg_words_to_user(void __user *to, const void *from, size_t n)
{
	might_fault();
	if (!n)
		return 0;
	if (should_fail_usercopy() || !user_write_access_begin(to, n))
		return -EFAULT;
	for (; n >= 4 * sizeof(u64); n -= 4 * sizeof(u64)) {
		WRITE_WORD(to, from, 0);
		WRITE_WORD(to, from, 1);
		WRITE_WORD(to, from, 2);
		WRITE_WORD(to, from, 3);
		to += 4 * sizeof(u64);
		from += 4 * sizeof(u64);
	}
	if (n & (2 * sizeof(u64))) {
		WRITE_WORD(to, from, 0);
		WRITE_WORD(to, from, 1);
		to += 2 * sizeof(u64);
		from += 2 * sizeof(u64);
	}
	if (n & sizeof(u64)) {
		WRITE_WORD(to, from, 0);
		to += sizeof(u64);
		from += sizeof(u64);
	}
	for (n %= sizeof(u64); n; n--) {
		unsafe_put_user(*(const u8 *)from, (u8 __user *)to, fault);
		to++;
		from++;
	}
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * capmsg_copied() - payload bytes that were copied since the module was loaded
 *
 * Context: Any.
 * Return: the sum over all CPUs; may be old when it arrives.
 */
u64 capmsg_copied(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(copied, cpu));
	return sum;
}
