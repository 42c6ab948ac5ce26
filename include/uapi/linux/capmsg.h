/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * capmsg - capability messaging between processes
 *
 * This header is the contract between capmsg.ko and user space. Everything a
 * program may rely on is written here; what is not written here may change.
 */
#ifndef _UAPI_LINUX_CAPMSG_H
#define _UAPI_LINUX_CAPMSG_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Objects and capabilities
 *
 * An open file of ``/dev/capmsg`` is a *space*. A space has a root *cappage*
 * and pays for everything created through it; when its last file reference
 * goes away every object it paid for dies. Opening the device conveys no
 * authority but that of spending one's own quota.
 *
 * A *capability* is a value in a slot of a cappage. It names one object, with
 * rights, and cannot be forged or guessed: user space names *slots*, the
 * kernel reads the capability. A capability designates, it does not own: when
 * its object is destroyed the capability reads as void, everywhere, at once.
 *
 * ============  ============================================================
 * cappage       a table of 2^n capability slots
 * port          where messages are sent, and where posts wait for them
 * region        pinned pages of the space's own memory, from which posts are cut
 * reply         the one-shot right to answer one call
 * notification  64 bits that coalesce, and wake who waits for them
 * message       storage for one outgoing transfer, to be used again and again
 * revoker       stands between a capability and those derived through it
 * watch         tells the death of what a capability names
 * virtual       an object that a process plays; it reads as what it stands for
 * ============  ============================================================
 *
 * Every object is created into a void slot, as a capability with all the
 * rights that its type knows.
 */

/**
 * DOC: Addresses
 *
 * A capability address is one u64: up to 63 address bits from the top, then a
 * single 1, then zeros. Zero is the void address. The address is resolved
 * from the root cappage of the calling space. At each hop the capability in
 * hand first has its *guard* compared with (and taken from) the next address
 * bits, then the cappage it names is indexed by as many further bits as the
 * capability's *subpage* leaves, at least one. So every walk ends.
 *
 * Commands name either an *object* (the address must be used up by the guard
 * of the capability that is found) or a *slot* (the address ends at the slot;
 * it may include the guard of the capability that is in it).
 *
 * With a root cappage of 2^8 slots and no guards, slot 0x12 of the root is
 * ``CAPMSG_ADDRESS(0x12, 8)``, and slot 0x3f of a table of 2^8 slots that is
 * held in it is ``CAPMSG_ADDRESS(0x123f, 16)``.
 *
 * Passing through a cappage needs no right. Reading a capability out of a slot
 * (COPY, MOVE, STAT, LIST, EXPORT, CREATE_REVOKER, and sending it) needs
 * CAPMSG_RIGHT_READ on the capability that the last hop went through, and storing
 * one there needs CAPMSG_RIGHT_WRITE. If any capability that the walk went through is
 * CAPMSG_RIGHT_WEAK, what is found loses WRITE, SEND, RECV, GRANT and DESTROY
 * and becomes WEAK itself, and no slot found that way can be written.
 * The root is held with READ and WRITE.
 */

/** CAPMSG_ADDRESS() - make an address of the low @depth (1 to 63) bits of @bits */
#define CAPMSG_ADDRESS(bits, depth)					\
	((((__u64)(bits)) << (64 - (depth))) | (((__u64)1) << (63 - (depth))))

/** CAPMSG_ADDRESS_VOID - the address that names nothing */
#define CAPMSG_ADDRESS_VOID	((__u64)0)

/**
 * DOC: General command format
 *
 * Every command is ``ioctl(fd, CAPMSG_IOC_x, &struct capmsg_x)``. The struct
 * begins with its own size, which the caller sets to sizeof; it may grow at its
 * tail in later versions. A struct that is shorter than the first version is
 * refused (EINVAL), a longer one is accepted if all that this module does not know
 * is zero.
 * Fields that begin with ``out_`` are written by the kernel on success (and
 * are left alone on failure, unless said otherwise); all others are only
 * read. Every pointer is a __u64. ``__reserved`` fields must be zero.
 *
 * A command that fails has changed nothing and lost nothing, unless its own text
 * below says otherwise. One exception holds for all: if the caller's struct goes
 * away while the command runs it gets EFAULT, though the command may have been
 * carried out. These errors have the same meaning in every command:
 *
 * ===========  ===========================================================
 * ENOTTY       no such command
 * EFAULT       a pointer of the caller leads nowhere
 * EINVAL       a value is malformed, a struct is too short, a reserved field
 *              is not zero, an object has the wrong type for the command
 *              (whatever rights there are to it)
 * E2BIG        the struct is longer than a page, or has a non-zero tail that
 *              this module does not know
 * EOPNOTSUPP   a flag that this module does not know
 * ENOENT       the address leads nowhere, to a void slot or to a destroyed
 *              object; the space is not set up
 * EACCES       a right is missing
 * EEXIST       the slot to be filled is not void
 * EBUSY        the slot is reserved by a post; the object is in use
 * ENOMEM       out of memory, or the memory cgroup is at its limit
 * EDQUOT       the user's quota of objects or bytes, or RLIMIT_MEMLOCK, would
 *              be exceeded; LIMITS tells which, and its use
 * EMLINK       a chain of revokers would become too long
 * EMSGSIZE     the message can never fit
 * EAGAIN       the command would wait and was told not to, or no frame is free;
 *              LIMITS tells which limit was met, and its use
 * ETIMEDOUT    the deadline has passed
 * ELOOP        more than CAPMSG_UPCALLS_MAX upcalls or keepers for one address, or
 *              virtual objects that stand in for each other in a circle, or that
 *              are reached through too many revokers in all
 * EDEADLK      an upcall would have to be made that could never be answered, or
 *              that is not allowed here
 * EBADF        no such file descriptor
 * EMFILE       the process has no file descriptor free
 * ENFILE       the system has no file free
 * EINTR        interrupted by a signal; before a message is committed the
 *              command is restarted instead where the signal handler asks
 *              for that (SA_RESTART)
 * EPIPE        the call will never be answered: its reply right was dropped, or
 *              who held it is gone
 * ESTALE       too late: the call is over, the post holds another message, or the
 *              claim of a message was taken back
 * ===========  ===========================================================
 *
 * ENOTTY, EFAULT, EINVAL, E2BIG and EOPNOTSUPP are possible for every command
 * and are not repeated below. Commands that take an address can return ENOENT,
 * EINTR if they meet a revoker that is closed, or wait for a handler, ELOOP and
 * EDEADLK; see "DOC: Virtual objects".
 */

#define CAPMSG_IOC_MAGIC	0xb9

/* One dense number per command, never reused. */
#define CAPMSG_CMD_QUERY		0
#define CAPMSG_CMD_SETUP		1
#define CAPMSG_CMD_CREATE_CAPPAGE	2
#define CAPMSG_CMD_CREATE_PORT		3
#define CAPMSG_CMD_REGISTER		4
#define CAPMSG_CMD_UNREGISTER		5
#define CAPMSG_CMD_COPY			6
#define CAPMSG_CMD_MOVE			7
#define CAPMSG_CMD_CLEAR		8
#define CAPMSG_CMD_STAT			9
#define CAPMSG_CMD_LIST			10
#define CAPMSG_CMD_DESTROY		11
#define CAPMSG_CMD_POST			12
#define CAPMSG_CMD_UNPOST		13
#define CAPMSG_CMD_SEND			14
#define CAPMSG_CMD_RECV			15
#define CAPMSG_CMD_CALL			16
#define CAPMSG_CMD_REPLY		17
#define CAPMSG_CMD_REPLY_RECV		18
#define CAPMSG_CMD_EXPORT		19
#define CAPMSG_CMD_IMPORT		20
#define CAPMSG_CMD_CREATE_NOTIFICATION	21
#define CAPMSG_CMD_CREATE_MESSAGE	22
#define CAPMSG_CMD_CREATE_REVOKER	23
#define CAPMSG_CMD_WATCH		24
#define CAPMSG_CMD_REVOKE		25
#define CAPMSG_CMD_CLOSE		26
#define CAPMSG_CMD_OPEN			27
#define CAPMSG_CMD_BEGIN		28
#define CAPMSG_CMD_FILL			29
#define CAPMSG_CMD_TRANSMIT		30
#define CAPMSG_CMD_ABANDON		31
#define CAPMSG_CMD_CREDITS		32
#define CAPMSG_CMD_SIGNAL		33
#define CAPMSG_CMD_WAIT			34
#define CAPMSG_CMD_LIMITS		35
#define CAPMSG_CMD_CREATE_VIRTUAL	36
#define CAPMSG_CMD_UPCALLS		37
#define CAPMSG_CMD_ABORT		38
#define CAPMSG_CMD_INVALIDATE		39
#define CAPMSG_CMD_COUNT		40

/* Limits that are part of the contract; QUERY repeats them. */
#define CAPMSG_ABI_VERSION	1
#define CAPMSG_INLINE_MAX	256	/* bytes of a short message */
#define CAPMSG_CAPS_MAX		64	/* capabilities in one message */
#define CAPMSG_IOV_MAX		8	/* pieces of one payload */
#define CAPMSG_DEPTH_MAX	1024	/* posts of one port */
#define CAPMSG_BATCH_MAX	64	/* records of one RECV */
#define CAPMSG_FRAMES_MAX	256	/* frames of one space */
#define CAPMSG_FRAMES_DEFAULT	8
#define CAPMSG_BITS_MIN		4	/* a cappage has 2^4 ... */
#define CAPMSG_BITS_MAX		12	/* ... to 2^12 slots */
#define CAPMSG_BITS_DEFAULT	8
#define CAPMSG_PLAIN_DEFAULT	65536		/* bytes of a plain buffer */
#define CAPMSG_PLAIN_MAX	(16 << 20)
#define CAPMSG_MESSAGE_MAX	(1ULL << 40)	/* bytes of any message */
#define CAPMSG_CHAIN_MAX	8	/* revokers in a row */
#define CAPMSG_PASS_MAX		16	/* times a waiting message is passed over */
#define CAPMSG_UPCALLS_MAX	32	/* upcalls to resolve one address */

/**
 * enum capmsg_type - what a capability names
 * @CAPMSG_TYPE_VOID: nothing
 * @CAPMSG_TYPE_CAPPAGE: a table of capability slots
 * @CAPMSG_TYPE_PORT: a message port
 * @CAPMSG_TYPE_REGION: pinned memory from which posts are cut
 * @CAPMSG_TYPE_REPLY: the right to answer one call; can be moved, not copied
 * @CAPMSG_TYPE_NOTIFICATION: bits that coalesce, with waiters
 * @CAPMSG_TYPE_MESSAGE: storage for one outgoing transfer
 * @CAPMSG_TYPE_REVOKER: cuts, closes and opens what was derived through it
 * @CAPMSG_TYPE_WATCH: a death notice that is yet to come
 * @CAPMSG_TYPE_VIRTUAL: an object that a process plays. No capability reads as
 *	that: STAT and LIST tell what it stands for
 * @CAPMSG_TYPE_COUNT: number of types
 */
enum capmsg_type {
	CAPMSG_TYPE_VOID	= 0,
	CAPMSG_TYPE_CAPPAGE	= 1,
	CAPMSG_TYPE_PORT	= 2,
	CAPMSG_TYPE_REGION	= 3,
	CAPMSG_TYPE_REPLY	= 4,
	CAPMSG_TYPE_NOTIFICATION = 5,
	CAPMSG_TYPE_MESSAGE	= 6,
	CAPMSG_TYPE_REVOKER	= 7,
	CAPMSG_TYPE_WATCH	= 8,
	CAPMSG_TYPE_VIRTUAL	= 9,
	CAPMSG_TYPE_COUNT	= 10,
};

/**
 * DOC: Rights
 *
 * A new cappage or region has READ, WRITE and DESTROY; a new port SEND, RECV,
 * GRANT and DESTROY; a reply right SEND and GRANT; a new notification SEND,
 * RECV and DESTROY; a new message or revoker WRITE and DESTROY; a watch DESTROY.
 * Rights can only be taken away, WEAK can only be added.
 *
 * ========  ================================================================
 * READ      fetch capabilities out of the cappage
 * WRITE     store capabilities into the cappage; cut posts from the region; use
 *           the message; close and open the revoker
 * SEND      send messages to the port; signal the notification
 * RECV      post to the port and receive from it; wait for the notification
 * GRANT     send capabilities along with messages to the port
 * DESTROY   destroy the object
 * WEAK      a restriction: whatever is reached through this is weakened
 * ========  ================================================================
 */
#define CAPMSG_RIGHT_READ	0x01
#define CAPMSG_RIGHT_WRITE	0x02
#define CAPMSG_RIGHT_SEND	0x04
#define CAPMSG_RIGHT_RECV	0x08
#define CAPMSG_RIGHT_GRANT	0x10
#define CAPMSG_RIGHT_DESTROY	0x20
#define CAPMSG_RIGHT_WEAK	0x40
/** CAPMSG_RIGHTS_ALL - every right; as a mask: keep what there is */
#define CAPMSG_RIGHTS_ALL	0x3f

/**
 * struct capmsg_query - CAPMSG_IOC_QUERY: limits, features and use
 * @size: sizeof(struct capmsg_query)
 * @flags: must be zero
 * @out_abi_version: CAPMSG_ABI_VERSION of the module
 * @out_commands: CAPMSG_CMD_COUNT of the module
 * @out_features: none defined yet, zero
 * @out_inline_max: CAPMSG_INLINE_MAX
 * @out_caps_max: CAPMSG_CAPS_MAX
 * @out_iov_max: CAPMSG_IOV_MAX
 * @out_depth_max: CAPMSG_DEPTH_MAX
 * @out_frames: frames of this space, 0 before SETUP
 * @out_frames_busy: of these, in use right now
 * @out_root_bits: log2 of the slots of the root cappage, 0 before SETUP
 * @out_plain_max: bytes of the largest plain buffer of this space
 * @out_user_objects: objects that the space's user pays for: its spaces and exported
 *	files, and the tombstones of destroyed objects that strangers still name,
 *	are among them
 * @out_user_tombstones: of these, destroyed objects. Names of them are swept when
 *	they pass a quarter of the quota, or when it is exceeded
 * @out_user_objects_max: the quota of objects
 * @out_user_bytes: kernel memory that the space's user pays for, in bytes. What
 *	operations that are under way still use of a destroyed object is not
 *	counted, neither here nor among the objects
 * @out_user_bytes_max: the quota of bytes
 * @out_user_pinned: pages that regions of this space's user keep pinned
 * @out_total_live: living objects of the whole system, by enum capmsg_type
 *	(a frame's own reply object counts while its space lives); entry
 *	0 counts spaces. Zeros unless the caller has CAP_SYS_ADMIN in the
 *	initial user namespace, like the other totals
 * @out_total_tombstones: destroyed objects that are still named somewhere, or used
 * @out_total_exports: exported capability files
 * @out_total_pinned: pages pinned, by regions and by plain buffers
 * @out_total_users: users that are accounted
 * @out_total_frames_busy: operations in flight
 * @out_total_copied: payload bytes that were copied by transfers since the
 *	module was loaded (bytes that were copied again after a claim was
 *	stolen count again); short messages do not count
 *
 * Works before SETUP. Needs no right.
 */
struct capmsg_query {
	__u32		size;
	__u32		flags;
	__u32		out_abi_version;
	__u32		out_commands;
	__aligned_u64	out_features;
	__u32		out_inline_max;
	__u32		out_caps_max;
	__u32		out_iov_max;
	__u32		out_depth_max;
	__u32		out_frames;
	__u32		out_frames_busy;
	__u32		out_root_bits;
	__u32		out_plain_max;
	__aligned_u64	out_user_objects;
	__aligned_u64	out_user_tombstones;
	__aligned_u64	out_user_objects_max;
	__aligned_u64	out_user_bytes;
	__aligned_u64	out_user_bytes_max;
	__aligned_u64	out_user_pinned;
	__aligned_u64	out_total_live[16];
	__aligned_u64	out_total_tombstones;
	__aligned_u64	out_total_exports;
	__aligned_u64	out_total_pinned;
	__aligned_u64	out_total_users;
	__aligned_u64	out_total_frames_busy;
	__aligned_u64	out_total_copied;
};
#define CAPMSG_IOC_QUERY	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_QUERY)

/**
 * struct capmsg_setup - CAPMSG_IOC_SETUP: give a space its root and its frames
 * @size: sizeof(struct capmsg_setup)
 * @flags: must be zero
 * @frames: operations that may be in flight at once, 1 to CAPMSG_FRAMES_MAX;
 *	0 means CAPMSG_FRAMES_DEFAULT. A SEND, CALL or REPLY, the answer of a
 *	REPLY_RECV, and a RECV with a plain buffer use one while they run; when
 *	none is free they get EAGAIN. There is one more, for commands that use
 *	none, in which to ask a handler when all others are in use
 * @root_bits: log2 of the slots of the root cappage, CAPMSG_BITS_MIN to
 *	CAPMSG_BITS_MAX; 0 means CAPMSG_BITS_DEFAULT
 * @plain_max: bytes of the largest plain buffer that RECV, CALL and
 *	REPLY_RECV of this space may name, at most CAPMSG_PLAIN_MAX; 0 means
 *	CAPMSG_PLAIN_DEFAULT. Every frame keeps a page array for that size
 * @__reserved: must be zero
 *
 * Once per space, before anything else but QUERY and LIMITS.
 *
 * Errors: EBUSY (set up already, or another thread is doing it), ENOMEM, EDQUOT.
 */
struct capmsg_setup {
	__u32		size;
	__u32		flags;
	__u32		frames;
	__u32		root_bits;
	__u32		plain_max;
	__u32		__reserved;
};
#define CAPMSG_IOC_SETUP	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_SETUP)

/**
 * struct capmsg_create_cappage - CAPMSG_IOC_CREATE_CAPPAGE: create a cappage
 * @size: sizeof(struct capmsg_create_cappage)
 * @flags: must be zero
 * @to: address of the void slot that gets the capability
 * @bits: log2 of the number of slots, CAPMSG_BITS_MIN to CAPMSG_BITS_MAX;
 *	0 means CAPMSG_BITS_DEFAULT
 * @__reserved: must be zero
 * @keeper: address of another cappage, the *keeper*, that takes the place of this
 *	one where a slot is void, see "DOC: Virtual objects"; or CAPMSG_ADDRESS_VOID
 *
 * Errors: ENOENT, EACCES (slot not writable), EEXIST, EBUSY, ENOMEM, EDQUOT;
 * EINVAL also for a keeper that is no cappage.
 */
struct capmsg_create_cappage {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__u32		bits;
	__u32		__reserved;
	__aligned_u64	keeper;
};
#define CAPMSG_IOC_CREATE_CAPPAGE	\
	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CREATE_CAPPAGE)

/* The posts of this port take short messages only once they are posted. */
#define CAPMSG_PORT_NO_SHORT	0x1
/* First come, first served: one sender may hold all posts. */
#define CAPMSG_PORT_NO_SHARES	0x2
/* Who receives from this port may play objects. */
#define CAPMSG_PORT_HANDLER	0x4

/**
 * struct capmsg_create_port - CAPMSG_IOC_CREATE_PORT: create a message port
 * @size: sizeof(struct capmsg_create_port)
 * @flags: CAPMSG_PORT_NO_SHORT: posts start idle, so that nothing is received
 *	before POST; without it every post can take a short message at once.
 *	CAPMSG_PORT_NO_SHARES: no "DOC: Fairness" among senders but turns.
 *	CAPMSG_PORT_HANDLER: virtual objects can be created at the port
 * @to: address of the void slot that gets the capability
 * @depth: number of posts, 1 to CAPMSG_DEPTH_MAX: how many messages can wait to
 *	be received. Their memory is allocated here, for good
 * @steal_delay_us: microseconds after which a sender that does not get on (its
 *	memory is not there, or it does not run) may lose the post it has
 *	claimed to another sender, and starts again; 0 means 10,000
 * @max_size: bytes of the largest message, at most CAPMSG_MESSAGE_MAX; 0 means
 *	CAPMSG_MESSAGE_MAX. A larger one gets EMSGSIZE at once
 * @max_caps: capabilities that a message may carry at most, up to
 *	CAPMSG_CAPS_MAX. A message with more gets EMSGSIZE at once
 * @claim_time_us: microseconds that a claim of BEGIN may last before another
 *	sender may take the post; 0 means 1,000,000
 * @notification: address of a notification, with SEND, that is signalled by this
 *	port; CAPMSG_ADDRESS_VOID for none. If that capability has a badge, it takes
 *	the place of the bits below, whichever are asked for
 * @arrival_bits: bits that are set when a message arrives, or may be 0
 * @no_senders_bits: bits that are set when the last capability to send to the
 *	port is gone, or may be 0; see "DOC: Notices"
 *
 * Errors: ENOENT, EACCES (slot not writable, notification without SEND), EEXIST,
 * EBUSY, ENOMEM, EDQUOT; EINVAL also for bits without a notification, and the
 * other way round.
 */
struct capmsg_create_port {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__u32		depth;
	__u32		steal_delay_us;
	__aligned_u64	max_size;
	__u32		max_caps;
	__u32		claim_time_us;
	__aligned_u64	notification;
	__aligned_u64	arrival_bits;
	__aligned_u64	no_senders_bits;
};
#define CAPMSG_IOC_CREATE_PORT	\
	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CREATE_PORT)

/**
 * struct capmsg_register - CAPMSG_IOC_REGISTER: pin memory as a region
 * @size: sizeof(struct capmsg_register)
 * @flags: must be zero
 * @to: address of the void slot that gets the capability
 * @address: first byte of the memory, a multiple of the page size
 * @length: bytes, a multiple of the page size, not 0
 *
 * Pins writable pages of the caller for as long as the region lives. Anonymous
 * memory, huge pages, shared memory (memfd, tmpfs) can be registered, files on
 * disk cannot. Pages are charged against RLIMIT_MEMLOCK of the caller's user
 * (without CAP_IPC_LOCK). Messages arrive in the pages that were mapped when
 * the region was registered: after munmap, MADV_DONTNEED or a hole punch the
 * caller no longer sees them at that address. A fatal signal ends the pinning.
 *
 * Errors: ENOENT, EACCES (slot not writable), EEXIST, EBUSY, ENOMEM, EDQUOT,
 * EFAULT (not mapped, not writable, or of a kind that cannot be registered).
 */
struct capmsg_register {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__aligned_u64	address;
	__aligned_u64	length;
};
#define CAPMSG_IOC_REGISTER	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_REGISTER)

/**
 * struct capmsg_unregister - CAPMSG_IOC_UNREGISTER: unpin an unused region
 * @size: sizeof(struct capmsg_unregister)
 * @flags: must be zero
 * @region: address of a region capability, with DESTROY
 *
 * Unlike DESTROY, which takes the region away from the posts that use it.
 *
 * Errors: ENOENT, EACCES, EBUSY (a post uses the region).
 */
struct capmsg_unregister {
	__u32		size;
	__u32		flags;
	__aligned_u64	region;
};
#define CAPMSG_IOC_UNREGISTER	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_UNREGISTER)

/* Set the badge of the copy; the source must not have one. */
#define CAPMSG_COPY_BADGE	0x1
/* Replace the guard of the copy by @guard, @guard_bits. */
#define CAPMSG_COPY_GUARD	0x2
/* Narrow the copy of a cappage capability to @subpage of 2^@subpage_bits. */
#define CAPMSG_COPY_SUBPAGE	0x4
/* Make the copy WEAK. */
#define CAPMSG_COPY_WEAK	0x8

/**
 * struct capmsg_copy - CAPMSG_IOC_COPY: copy (mint) a capability
 * @size: sizeof(struct capmsg_copy)
 * @flags: CAPMSG_COPY_BADGE, CAPMSG_COPY_GUARD, CAPMSG_COPY_SUBPAGE,
 *	CAPMSG_COPY_WEAK; a field whose flag is not set must be zero
 * @from: address of the capability (object lookup)
 * @to: address of the void slot that gets the copy
 * @badge: with CAPMSG_COPY_BADGE: 64 bits that receivers see with each message
 *	sent through the copy. Its holder never sees them and cannot change them
 * @guard: with CAPMSG_COPY_GUARD: the guard, in the low @guard_bits bits
 * @guard_bits: 0 to 62
 * @rights: the rights to keep, a mask of CAPMSG_RIGHT_x without WEAK;
 *	CAPMSG_RIGHTS_ALL keeps them all
 * @subpage: with CAPMSG_COPY_SUBPAGE: which of the 2^@subpage_bits equal parts
 *	of the cappage the copy names; must lie in the part the source names
 * @subpage_bits: less than the bits of the cappage, so that the part has two
 *	slots at least
 *
 * Needs READ where @from is and WRITE where @to is.
 *
 * Errors: ENOENT, EACCES, EEXIST, EBUSY; EINVAL also for a badge that is set
 * already, a subpage that is wider than or outside the source's, a subpage of
 * what is no cappage, and a reply right (which can only be moved).
 */
struct capmsg_copy {
	__u32		size;
	__u32		flags;
	__aligned_u64	from;
	__aligned_u64	to;
	__aligned_u64	badge;
	__aligned_u64	guard;
	__u32		guard_bits;
	__u32		rights;
	__u32		subpage;
	__u32		subpage_bits;
};
#define CAPMSG_IOC_COPY		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_COPY)

/* @from is a port; the reply right that its post @post holds is meant. */
#define CAPMSG_MOVE_POST	0x1

/**
 * struct capmsg_move - CAPMSG_IOC_MOVE: move a capability to another slot
 * @size: sizeof(struct capmsg_move)
 * @flags: CAPMSG_MOVE_POST
 * @from: address of the slot to be emptied; with CAPMSG_MOVE_POST the
 *	address of a port, with RECV
 * @to: address of the void slot that gets the capability
 * @post: with CAPMSG_MOVE_POST: number of the post, as RECV told it
 * @seq: with CAPMSG_MOVE_POST: sequence number of the message, as RECV told it
 *
 * At no moment is the capability in both slots, or in none. Needs READ and
 * WRITE where @from is (not with CAPMSG_MOVE_POST) and WRITE where @to is.
 * Moving a reply right out of its post makes the post free for the next
 * message before the call is answered.
 *
 * Errors: ENOENT (also: the post holds no reply right), EACCES, EEXIST, EBUSY,
 * ESTALE (the post holds another message by now, or the call is over).
 */
struct capmsg_move {
	__u32		size;
	__u32		flags;
	__aligned_u64	from;
	__aligned_u64	to;
	__u32		post;
	__u32		seq;
};
#define CAPMSG_IOC_MOVE		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_MOVE)

/* @slot is a port; the reply right that its post @post holds is meant. */
#define CAPMSG_CLEAR_POST	0x1

/**
 * struct capmsg_clear - CAPMSG_IOC_CLEAR: make a slot void
 * @size: sizeof(struct capmsg_clear)
 * @flags: CAPMSG_CLEAR_POST
 * @slot: address of the slot; with CAPMSG_CLEAR_POST the address of a port,
 *	with RECV
 * @post: with CAPMSG_CLEAR_POST: number of the post, as RECV told it
 * @seq: with CAPMSG_CLEAR_POST: sequence number of the message
 *
 * Clearing a void slot is no error. Clearing a reply right answers the call
 * with EPIPE. The object that a cleared capability named lives on.
 * Needs WRITE where @slot is.
 *
 * Errors: ENOENT (the slot's table does not exist, or the post holds no reply
 * right), EACCES, EBUSY (reserved by a post), ESTALE (the post holds another
 * message by now).
 */
struct capmsg_clear {
	__u32		size;
	__u32		flags;
	__aligned_u64	slot;
	__u32		post;
	__u32		seq;
};
#define CAPMSG_IOC_CLEAR	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CLEAR)

/* The capability has a badge (which its holder cannot see). */
#define CAPMSG_STAT_BADGED	0x1
/* LIST only: the slot is void and reserved by a post. */
#define CAPMSG_STAT_RESERVED	0x2

/**
 * struct capmsg_stat - CAPMSG_IOC_STAT: inspect a capability and its object
 * @size: sizeof(struct capmsg_stat)
 * @flags: must be zero
 * @address: address of the capability (object lookup); needs READ where it is
 * @out_type: enum capmsg_type
 * @out_rights: CAPMSG_RIGHT_x, WEAK included, as seen along this path
 * @out_flags: CAPMSG_STAT_BADGED
 * @out_guard_bits: length of the guard
 * @out_guard: the guard
 * @out_subpage: part of the cappage that the capability names ...
 * @out_subpage_bits: ... of 2^out_subpage_bits
 * @out_bits: cappage: log2 of its slots
 * @out_depth: port: its number of posts
 * @out_max_size: port: bytes of the largest message
 * @out_length: region: its bytes
 * @out_max_caps: port: capabilities of a message at most
 * @out_posted: port, with RECV: posts that wait for a message
 * @out_claimed: port, with RECV: posts a sender is filling
 * @out_filled: port, with RECV: messages that wait to be received
 * @out_idle: port, with RECV: posts that the receiver has yet to post
 * @out_senders: port, with RECV: senders that wait for a post
 * @out_send_caps: port, with RECV: capabilities to it that have SEND and not RECV
 * @out_mints: port, with RECV: how often that number has risen from zero
 * @out_state: message: enum capmsg_message_state
 * @out_error: message: errno of a message that is LOST, else 0
 * @out_closed: revoker: 1 while it is closed
 * @out_chain: revoker: revokers in a row from here on, itself included
 * @out_pending: notification, with RECV: bits that are set
 *
 * Fields that do not apply to the type are zero.
 *
 * Errors: ENOENT, EACCES.
 */
struct capmsg_stat {
	__u32		size;
	__u32		flags;
	__aligned_u64	address;
	__u32		out_type;
	__u32		out_rights;
	__u32		out_flags;
	__u32		out_guard_bits;
	__aligned_u64	out_guard;
	__u32		out_subpage;
	__u32		out_subpage_bits;
	__u32		out_bits;
	__u32		out_depth;
	__aligned_u64	out_max_size;
	__aligned_u64	out_length;
	__u32		out_max_caps;
	__u32		out_posted;
	__u32		out_claimed;
	__u32		out_filled;
	__u32		out_idle;
	__u32		out_senders;
	__u32		out_send_caps;
	__u32		out_mints;
	__u32		out_state;
	__u32		out_error;
	__u32		out_closed;
	__u32		out_chain;
	__aligned_u64	out_pending;
};
#define CAPMSG_IOC_STAT		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_STAT)

/**
 * struct capmsg_list_entry - what LIST says of one slot that is not void
 * @slot: index of the slot, in the part of the cappage that was listed
 * @type: enum capmsg_type; CAPMSG_TYPE_VOID for a reserved slot
 * @rights: CAPMSG_RIGHT_x as seen along this path
 * @flags: CAPMSG_STAT_BADGED, CAPMSG_STAT_RESERVED
 * @guard: the guard
 * @guard_bits: its length
 * @subpage: part of the cappage that the capability names ...
 * @subpage_bits: ... of 2^subpage_bits
 * @__reserved: zero
 */
struct capmsg_list_entry {
	__u32		slot;
	__u32		type;
	__u32		rights;
	__u32		flags;
	__aligned_u64	guard;
	__u32		guard_bits;
	__u32		subpage;
	__u32		subpage_bits;
	__u32		__reserved;
};

/**
 * struct capmsg_list - CAPMSG_IOC_LIST: list the slots of a cappage
 * @size: sizeof(struct capmsg_list)
 * @flags: must be zero
 * @table: address of a cappage capability, with READ; CAPMSG_ADDRESS_VOID
 *	lists the root
 * @entries: pointer to @n struct capmsg_list_entry
 * @n: room at @entries, 1 to 4096
 * @first: index of the first slot to look at
 * @out_n: entries written
 * @out_next: where to go on (@first of the next call), or 0 at the end
 *
 * Each entry is consistent in itself; the list as a whole is no snapshot. If
 * an entry cannot be written the call fails with EFAULT.
 *
 * Errors: ENOENT, EACCES.
 */
struct capmsg_list {
	__u32		size;
	__u32		flags;
	__aligned_u64	table;
	__aligned_u64	entries;
	__u32		n;
	__u32		first;
	__u32		out_n;
	__u32		out_next;
};
#define CAPMSG_IOC_LIST		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_LIST)

/**
 * struct capmsg_destroy - CAPMSG_IOC_DESTROY: destroy an object
 * @size: sizeof(struct capmsg_destroy)
 * @flags: must be zero
 * @address: address of a capability to it, with DESTROY (object lookup)
 *
 * When this returns, every capability to the object is void and every commit
 * that had found it alive is over. Senders and receivers that wait at a
 * destroyed port get ENOENT, callers whose calls it held get EPIPE. Posts that
 * were to land capabilities in a destroyed cappage are received with the
 * error ENOENT. Posts that were cut from a destroyed region lose it; its pages are
 * unpinned, and nobody pays for them any more, whoever was about to use it.
 * The root cappage cannot be named, so it cannot be destroyed.
 *
 * Errors: ENOENT (also: somebody else is destroying it at this moment), EACCES.
 */
struct capmsg_destroy {
	__u32		size;
	__u32		flags;
	__aligned_u64	address;
};
#define CAPMSG_IOC_DESTROY	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_DESTROY)

/**
 * DOC: Posts
 *
 * A port has a fixed number of posts, numbered from 0. A *post* is where one
 * message arrives::
 *
 *   IDLE -> POSTED -> CLAIMED -> FILLED -> REAPING -> IDLE
 *
 * Every post has an area of its own for CAPMSG_INLINE_MAX bytes. A payload of at
 * most that size arrives there, and RECV hands the bytes out; a larger one needs
 * a post with a buffer that is large enough, and arrives in it. A message with
 * capabilities needs a post with enough landing slots. So a *short message* - at
 * most CAPMSG_INLINE_MAX bytes and no capabilities - can go to any post.
 *
 * Once a short message is received its post is posted again by itself, as it
 * was (with its buffer and landing slots, if it has any), as soon as it does
 * not hold a reply right any longer. After any other message the post is idle,
 * and its buffer is the receiver's, until the receiver posts it again with
 * POST or in the next RECV.
 *
 * What the buffer of a post holds is undefined from POST until the message is
 * received.
 */

/** CAPMSG_POST_ANY - let the kernel choose a post that has no buffer */
#define CAPMSG_POST_ANY		0xffffffffU

/**
 * struct capmsg_post - CAPMSG_IOC_POST: give a port a buffer to receive into
 * @size: sizeof(struct capmsg_post)
 * @flags: must be zero
 * @port: address of the port, with RECV
 * @region: address of a region, with WRITE; or CAPMSG_ADDRESS_VOID for a post
 *	without a buffer (then @offset and @length must be zero)
 * @offset: first byte of the buffer in the region
 * @length: bytes of the buffer, not 0
 * @landing: address of the first of @max_caps landing slots: they follow each
 *	other in one cappage and must be void. They are reserved: until the
 *	post is received nobody else can store into them (EBUSY)
 * @cookie: handed back with the message
 * @max_caps: capabilities the post takes at most; 0 without @landing
 * @post: number of the post, or CAPMSG_POST_ANY: an idle post, else one that
 *	is posted with neither buffer nor landing slots
 * @out_post: number of the post
 * @__reserved: must be zero
 *
 * An idle post, or one that is posted and not claimed, gets this buffer and
 * these landing slots in place of what it had. Messages of senders who wait
 * may arrive at once.
 *
 * Errors: ENOENT, EACCES, EAGAIN (no post is free), EBUSY (that post is
 * claimed, filled, or holds a reply right; a landing slot is reserved), EEXIST
 * (a landing slot is not void); EINVAL also for a range outside the region.
 */
struct capmsg_post {
	__u32		size;
	__u32		flags;
	__aligned_u64	port;
	__aligned_u64	region;
	__aligned_u64	offset;
	__aligned_u64	length;
	__aligned_u64	landing;
	__aligned_u64	cookie;
	__u32		max_caps;
	__u32		post;
	__u32		out_post;
	__u32		__reserved;
};
#define CAPMSG_IOC_POST		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_POST)

/**
 * struct capmsg_unpost - CAPMSG_IOC_UNPOST: take a post's buffer back
 * @size: sizeof(struct capmsg_unpost)
 * @flags: must be zero
 * @port: address of the port, with RECV
 * @post: number of the post
 * @__reserved: must be zero
 *
 * When this returns nobody writes to the buffer any more, and the landing slots
 * are no longer reserved. A sender who was filling it starts again with the
 * next post. The post itself becomes what it was when the port was created.
 *
 * Errors: ENOENT, EACCES, EBUSY (a message is in it, yet to be received, or it
 * holds a reply right).
 */
struct capmsg_unpost {
	__u32		size;
	__u32		flags;
	__aligned_u64	port;
	__u32		post;
	__u32		__reserved;
};
#define CAPMSG_IOC_UNPOST	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_UNPOST)

/**
 * DOC: Messages
 *
 * A message is sent whole or not at all: payload, capabilities, badge and reply
 * right become visible to the receiver in one step. Its payload is one range
 * (@data, @length), or with @n_iov up to CAPMSG_IOV_MAX ranges: then @data
 * points to an array of struct capmsg_iovec and @length must be zero.
 *
 * Its capabilities are an array of struct capmsg_item. They are copied when
 * the command starts; one whose object is destroyed meanwhile arrives void.
 *
 * @deadline is in nanoseconds of CLOCK_MONOTONIC; zero means to wait for ever.
 * A deadline in the past is an error only if the command has to wait.
 */

/* Fail with EAGAIN rather than wait. */
#define CAPMSG_NONBLOCK		0x1

/**
 * struct capmsg_iovec - a piece of payload
 * @base: pointer to its first byte
 * @length: its bytes
 */
struct capmsg_iovec {
	__aligned_u64	base;
	__aligned_u64	length;
};

/* Move the (reply) capability instead of copying it; one item per message. */
#define CAPMSG_ITEM_MOVE	0x1

/**
 * struct capmsg_item - a capability to be sent
 * @address: address of the capability (object lookup; with CAPMSG_ITEM_MOVE a
 *	slot lookup), with READ where it is
 * @rights: the rights to keep, as in struct capmsg_copy
 * @flags: CAPMSG_ITEM_MOVE: leave the slot void; for reply rights only, with
 *	READ and WRITE where it is. Reply rights cannot be sent otherwise
 */
struct capmsg_item {
	__aligned_u64	address;
	__u32		rights;
	__u32		flags;
};

/**
 * struct capmsg_send - CAPMSG_IOC_SEND: send a message
 * @size: sizeof(struct capmsg_send)
 * @flags: CAPMSG_NONBLOCK
 * @to: address of the port, with SEND, and GRANT if @n_items is not 0
 * @data: payload, or array of @n_iov struct capmsg_iovec
 * @length: bytes of payload if @n_iov is 0
 * @items: array of @n_items struct capmsg_item
 * @deadline: when to give up, 0: never
 * @n_iov: pieces of payload, at most CAPMSG_IOV_MAX
 * @n_items: capabilities, at most CAPMSG_CAPS_MAX
 *
 * Returns when the message is in a post of the port (*delivered*). A port
 * without a suitable post makes the sender wait, the payload stays in its
 * memory.
 *
 * Errors: ENOENT (also: a reply right to be moved is used up), EACCES, EMSGSIZE
 * (over the port's max_size or max_caps), EAGAIN, ETIMEDOUT, EINTR, EBUSY (a
 * reply right to be moved is in a message that is yet to be received).
 */
struct capmsg_send {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__aligned_u64	data;
	__aligned_u64	length;
	__aligned_u64	items;
	__aligned_u64	deadline;
	__u32		n_iov;
	__u32		n_items;
};
#define CAPMSG_IOC_SEND		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_SEND)

/* The message is a call: its post holds a reply right. */
#define CAPMSG_RECORD_REPLY	0x1
/* The payload is at @data; otherwise it is in the buffer of the post. */
#define CAPMSG_RECORD_INLINE	0x2
/* The message was sent through a capability with a badge. */
#define CAPMSG_RECORD_BADGED	0x4
/* The message is in the plain buffer of this RECV, not in a post. */
#define CAPMSG_RECORD_PLAIN	0x8
/* The kernel asks: the bytes are a struct capmsg_upcall. Nobody can send that. */
#define CAPMSG_RECORD_UPCALL	0x10

/**
 * struct capmsg_record - one received message
 * @data: where the bytes of a short message go
 * @data_size: room there; CAPMSG_INLINE_MAX is always enough
 * @out_post: number of the post, for REPLY, MOVE, CLEAR, and to post it again
 * @out_seq: sequence number of the message in its post: with @out_post it
 *	names the reply right
 * @out_flags: CAPMSG_RECORD_x
 * @out_length: bytes of payload
 * @out_badge: badge of the capability it was sent through, or 0
 * @out_cookie: as given to POST
 * @out_n_caps: capabilities: they are in the first landing slots
 * @out_error: 0; or ENOENT if this is no message: the table of the post's
 *	landing slots was destroyed and the post is the receiver's again
 */
struct capmsg_record {
	__aligned_u64	data;
	__u32		data_size;
	__u32		out_post;
	__u32		out_seq;
	__u32		out_flags;
	__aligned_u64	out_length;
	__aligned_u64	out_badge;
	__aligned_u64	out_cookie;
	__u32		out_n_caps;
	__u32		out_error;
};

/* This thread is one of the receivers of a handler's port, until it exits. */
#define CAPMSG_RECV_DECLARE	0x2
/* This thread is no longer one of them. */
#define CAPMSG_RECV_WITHDRAW	0x4

/**
 * struct capmsg_recv - CAPMSG_IOC_RECV: receive messages
 * @size: sizeof(struct capmsg_recv)
 * @flags: CAPMSG_NONBLOCK; CAPMSG_RECV_DECLARE or CAPMSG_RECV_WITHDRAW, see "DOC:
 *	Virtual objects". That is done first, and stays done whatever follows
 * @port: address of the port, with RECV
 * @records: array of @n_records struct capmsg_record
 * @reposts: array of @n_reposts __u32: idle posts that are posted again, each
 *	with the buffer and landing slots it had, before anything is received
 * @deadline: when to give up waiting for the first message, 0: never
 * @plain: with @plain_size not 0: a buffer for this command alone, anywhere in
 *	the caller's memory: it receives one message of up to @plain_size bytes.
 *	Pinned, and charged like a region, while the command lasts. @n_records
 *	must be 1
 * @plain_size: at most the space's plain_max
 * @landing: with @max_caps not 0: first landing slot of that message
 * @max_caps: landing slots
 * @n_records: 1 to CAPMSG_BATCH_MAX
 * @n_reposts: 0 to CAPMSG_DEPTH_MAX
 * @out_n: messages received, at least 1
 *
 * Waits until there is a message, then takes as many as there are, up to
 * @n_records. A message whose record cannot be written (EFAULT) or whose bytes
 * do not fit @data_size (EMSGSIZE) stays where it is, first in line; if others
 * were received before it the call succeeds with those.
 *
 * The reposts are done in order and stay done whatever follows; if one fails
 * the command fails with its error before anything is received. If the command
 * fails or is interrupted after they are done, @n_reposts is set to 0 in the
 * caller's struct: it can be used again, and a restart does not repeat them.
 *
 * A call that arrives in the plain buffer leaves its reply right in no post:
 * such messages are refused to it, they need a post. Bytes of a short message
 * are in the plain buffer as well, if it was taken by that buffer
 * (CAPMSG_RECORD_PLAIN). If the record cannot be written any more when that
 * message has come, it is lost (EFAULT).
 *
 * Errors: ENOENT (also: the port, or the table of a repost's landing slots, was
 * destroyed), EACCES, EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE (also: @plain_size is
 * over plain_max), EBUSY (a repost is not idle or holds a reply right; a
 * landing slot is reserved; as many threads as the port has posts have declared
 * themselves), EEXIST (a landing slot is not void), EDQUOT, ENOMEM (pinning); EINVAL
 * also for declaring oneself, or withdrawing, at a port that is no handler's.
 */
struct capmsg_recv {
	__u32		size;
	__u32		flags;
	__aligned_u64	port;
	__aligned_u64	records;
	__aligned_u64	reposts;
	__aligned_u64	deadline;
	__aligned_u64	plain;
	__aligned_u64	plain_size;
	__aligned_u64	landing;
	__u32		max_caps;
	__u32		n_records;
	__u32		n_reposts;
	__u32		out_n;
};
#define CAPMSG_IOC_RECV		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_RECV)

/* @reply_data is an offset into the region @reply_region. */
#define CAPMSG_CALL_REGION	0x2

/**
 * struct capmsg_call - CAPMSG_IOC_CALL: send a message and wait for its answer
 * @size: sizeof(struct capmsg_call)
 * @flags: CAPMSG_NONBLOCK (the request does not wait for a post; the answer is
 *	waited for all the same), CAPMSG_CALL_REGION
 * @to: as in struct capmsg_send
 * @data: as in struct capmsg_send
 * @length: as in struct capmsg_send
 * @items: as in struct capmsg_send
 * @deadline: when to give up, for the request and the answer together
 * @reply_data: where the answer goes: pointer, or offset into @reply_region
 * @reply_size: room there; a plain buffer has at most the space's plain_max
 * @reply_region: with CAPMSG_CALL_REGION: address of a region, with WRITE
 * @reply_landing: with @reply_max_caps not 0: first landing slot for the
 *	capabilities of the answer, as in struct capmsg_post
 * @n_iov: as in struct capmsg_send
 * @n_items: as in struct capmsg_send
 * @reply_max_caps: capabilities that the answer may carry
 * @out_n_caps: capabilities that it carried
 * @out_length: bytes of the answer
 *
 * The receiver gets a one-shot reply right with the message. A call always
 * ends: by an answer, by EPIPE, by the deadline, by a signal or by death.
 * After EINTR or ETIMEDOUT it is not known how far the receiver has got; its
 * answer gets ESTALE. A signal that arrives before the request is delivered
 * restarts the command like SEND. A request that is not delivered yet when the
 * table of the landing slots is destroyed is not sent.
 *
 * Errors: those of SEND (ENOENT also when the table of the landing slots was
 * destroyed), and EPIPE, EBUSY and EEXIST (landing slots), EMSGSIZE (also:
 * @reply_size is over plain_max), EDQUOT and ENOMEM (pinning), EFAULT (also: a
 * short answer could not be written to @reply_data, or @reply_region was
 * destroyed; it is lost).
 */
struct capmsg_call {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__aligned_u64	data;
	__aligned_u64	length;
	__aligned_u64	items;
	__aligned_u64	deadline;
	__aligned_u64	reply_data;
	__aligned_u64	reply_size;
	__aligned_u64	reply_region;
	__aligned_u64	reply_landing;
	__u32		n_iov;
	__u32		n_items;
	__u32		reply_max_caps;
	__u32		out_n_caps;
	__aligned_u64	out_length;
};
#define CAPMSG_IOC_CALL		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CALL)

/* @to is a port; the reply right that its post @post holds is meant. */
#define CAPMSG_REPLY_POST	0x2
/* REPLY_RECV only: there is nothing to answer; receive. */
#define CAPMSG_REPLY_NONE	0x4

/**
 * struct capmsg_reply - CAPMSG_IOC_REPLY: answer a call
 * @size: sizeof(struct capmsg_reply)
 * @flags: CAPMSG_REPLY_POST
 * @to: address of the reply right (object lookup); with CAPMSG_REPLY_POST the
 *	address of the port, with RECV, that received the call
 * @data: payload, as in struct capmsg_send
 * @length: as in struct capmsg_send
 * @items: as in struct capmsg_send; needs GRANT on a reply right that is named
 *	by its address
 * @n_iov: as in struct capmsg_send
 * @n_items: as in struct capmsg_send
 * @post: with CAPMSG_REPLY_POST: number of the post, as RECV told it
 * @seq: with CAPMSG_REPLY_POST: sequence number, as RECV told it
 *
 * Never waits for the caller. The reply right is used up by success and by
 * ESTALE, and is kept after any other error, so that a correct answer can
 * follow. The items of an answer that is too late are not looked up.
 *
 * An upcall is answered with a struct capmsg_resolution, and is refused other
 * answers with EINVAL. Its item must be named without an upcall (EDEADLK).
 *
 * Errors: ENOENT (also: the post holds no reply right, a reply right to be moved
 * is used up), EACCES, EMSGSIZE (the answer does not fit what the caller has room
 * for), EAGAIN (another thread is just answering), ESTALE (the call was answered
 * before, its caller is gone or has given up, or @seq is not that of the post),
 * EBUSY as for SEND, EINTR, EDEADLK.
 */
struct capmsg_reply {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__aligned_u64	data;
	__aligned_u64	length;
	__aligned_u64	items;
	__u32		n_iov;
	__u32		n_items;
	__u32		post;
	__u32		seq;
};
#define CAPMSG_IOC_REPLY	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_REPLY)

/**
 * struct capmsg_reply_recv - CAPMSG_IOC_REPLY_RECV: answer, then receive
 * @size: sizeof(struct capmsg_reply_recv)
 * @flags: CAPMSG_NONBLOCK (of the receive, and of finding what the addresses name),
 *	CAPMSG_REPLY_POST, CAPMSG_REPLY_NONE
 * @to: as in struct capmsg_reply
 * @data: as in struct capmsg_reply
 * @length: as in struct capmsg_reply
 * @items: as in struct capmsg_reply
 * @n_iov: as in struct capmsg_reply
 * @n_items: as in struct capmsg_reply
 * @post: as in struct capmsg_reply
 * @seq: as in struct capmsg_reply
 * @port: as in struct capmsg_recv
 * @records: as in struct capmsg_recv
 * @reposts: as in struct capmsg_recv
 * @deadline: as in struct capmsg_recv
 * @n_records: as in struct capmsg_recv
 * @n_reposts: as in struct capmsg_recv
 * @out_n: as in struct capmsg_recv
 * @out_reply_error: ESTALE if the answer was too late, else 0
 *
 * One system call per request for a server. If the answer fails the command
 * fails, and nothing is received; but an answer that is too late (ESTALE) does
 * not keep the server from its next message. If the receive fails or is
 * interrupted after the answer was delivered, CAPMSG_REPLY_NONE is set in
 * the caller's @flags: the same struct can be used again, and a restart after a
 * signal does not answer twice. @out_reply_error is written as soon as the
 * answer is decided, whatever follows, and left alone with CAPMSG_REPLY_NONE.
 *
 * Errors: those of REPLY (but ESTALE) and RECV (but EDQUOT and ENOMEM).
 */
struct capmsg_reply_recv {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__aligned_u64	data;
	__aligned_u64	length;
	__aligned_u64	items;
	__u32		n_iov;
	__u32		n_items;
	__u32		post;
	__u32		seq;
	__aligned_u64	port;
	__aligned_u64	records;
	__aligned_u64	reposts;
	__aligned_u64	deadline;
	__u32		n_records;
	__u32		n_reposts;
	__u32		out_n;
	__u32		out_reply_error;
};
#define CAPMSG_IOC_REPLY_RECV	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_REPLY_RECV)

/**
 * struct capmsg_export - CAPMSG_IOC_EXPORT: put a capability into a file
 * @size: sizeof(struct capmsg_export)
 * @flags: must be zero
 * @from: address of the capability, with READ where it is
 * @rights: the rights to keep, as in struct capmsg_copy
 * @out_fd: a file descriptor (close-on-exec) that stands for the capability. It
 *	can be inherited or passed over a socket, and does nothing but IMPORT
 *
 * The file does not keep the object alive. A reply right cannot be exported.
 *
 * Errors: ENOENT, EACCES, EMFILE, ENFILE, ENOMEM, EDQUOT.
 */
struct capmsg_export {
	__u32		size;
	__u32		flags;
	__aligned_u64	from;
	__u32		rights;
	__s32		out_fd;
};
#define CAPMSG_IOC_EXPORT	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_EXPORT)

/**
 * struct capmsg_import - CAPMSG_IOC_IMPORT: take a capability out of a file
 * @size: sizeof(struct capmsg_import)
 * @flags: must be zero
 * @to: address of the void slot that gets a copy
 * @fd: a file descriptor that EXPORT made
 * @__reserved: must be zero
 *
 * The file keeps the capability and can be imported again.
 *
 * Errors: ENOENT (also: the object was destroyed), EACCES (slot not
 * writable), EEXIST, EBUSY, EBADF (no such descriptor); EINVAL if the file is
 * not an exported capability.
 */
struct capmsg_import {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__s32		fd;
	__u32		__reserved;
};
#define CAPMSG_IOC_IMPORT	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_IMPORT)

/**
 * DOC: Notices
 *
 * A *notification* is a word of 64 bits. SIGNAL sets bits, WAIT takes them; bits
 * that are set again before they are taken coalesce, so that nothing is ever
 * queued and nothing can be lost for lack of memory. Through a badged capability
 * to a notification the bits of its badge are set, whatever is asked for: so whoever
 * was given one can set these bits and no others.
 *
 * The kernel signals notifications, too. What is to be signalled is named when
 * the object is created, so a *notice* needs no memory when it comes:
 *
 * ============  ============================================================
 * arrival       a message has arrived at a port (CREATE_PORT)
 * no senders    the last capability with SEND, but without RECV, to a port has
 *               gone: from slots, exports, and messages on their way. One with
 *               RECV is a receiver's own and does not count; new ones can be
 *               minted from it at any time, so @out_mints of STAT tells whether
 *               the notice is out of date
 * message       a claim was made for a message, it was delivered, or it never
 *               can be (CREATE_MESSAGE)
 * death         what a capability names was destroyed, or the capability was
 *               revoked (WATCH)
 * ============  ============================================================
 *
 * A notice to a notification that is destroyed, or was revoked from whoever
 * named it, goes nowhere.
 */

/* An eventfd rings, too, when bits are set. */
#define CAPMSG_NOTIFICATION_EVENTFD	0x1
/* The space's file is readable (POLLIN) while bits are set. */
#define CAPMSG_NOTIFICATION_POLL	0x2

/**
 * struct capmsg_create_notification - CAPMSG_IOC_CREATE_NOTIFICATION: create a
 *	notification
 * @size: sizeof(struct capmsg_create_notification)
 * @flags: CAPMSG_NOTIFICATION_EVENTFD, CAPMSG_NOTIFICATION_POLL
 * @to: address of the void slot that gets the capability
 * @eventfd: with CAPMSG_NOTIFICATION_EVENTFD: an eventfd; its count rises by one
 *	with each signal that sets a bit which was not set, however many bits;
 *	else 0
 * @__reserved: must be zero
 *
 * Errors: ENOENT, EACCES (slot not writable), EEXIST, EBUSY, ENOMEM, EDQUOT,
 * EBADF; EINVAL also if @eventfd is not an eventfd.
 */
struct capmsg_create_notification {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__s32		eventfd;
	__u32		__reserved;
};
#define CAPMSG_IOC_CREATE_NOTIFICATION	\
	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CREATE_NOTIFICATION)

/**
 * struct capmsg_signal - CAPMSG_IOC_SIGNAL: set bits of a notification
 * @size: sizeof(struct capmsg_signal)
 * @flags: must be zero
 * @notification: address of a notification, with SEND
 * @bits: bits to be set, not 0; through a badged capability the bits of the badge
 *	are set instead, and this must be 0
 *
 * Waits only where the notification is named: for a revoker that is closed, or for
 * the handler of a virtual object.
 *
 * Errors: ENOENT, EACCES, EINTR.
 */
struct capmsg_signal {
	__u32		size;
	__u32		flags;
	__aligned_u64	notification;
	__aligned_u64	bits;
};
#define CAPMSG_IOC_SIGNAL	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_SIGNAL)

/**
 * struct capmsg_wait - CAPMSG_IOC_WAIT: take bits of a notification
 * @size: sizeof(struct capmsg_wait)
 * @flags: CAPMSG_NONBLOCK
 * @notification: address of a notification, with RECV
 * @mask: bits to wait for, not 0
 * @deadline: when to give up, 0: never
 * @out_bits: bits of @mask that were set, not 0; they are cleared. If they cannot
 *	be written (EFAULT) they stay set
 *
 * Errors: ENOENT (also: the notification was destroyed), EACCES, EAGAIN,
 * ETIMEDOUT, EINTR.
 */
struct capmsg_wait {
	__u32		size;
	__u32		flags;
	__aligned_u64	notification;
	__aligned_u64	mask;
	__aligned_u64	deadline;
	__aligned_u64	out_bits;
};
#define CAPMSG_IOC_WAIT		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_WAIT)

/**
 * struct capmsg_watch - CAPMSG_IOC_WATCH: ask for a death notice
 * @size: sizeof(struct capmsg_watch)
 * @flags: must be zero
 * @address: address of a capability (object lookup); needs no right to it
 * @to: address of the void slot that gets a capability to the watch, or
 *	CAPMSG_ADDRESS_VOID. Destroying the watch takes the request back
 * @notification: address of a notification, with SEND
 * @bits: bits to be set, not 0 (0 through a badged capability)
 *
 * When the object is destroyed, or the capability is revoked, the bits are set,
 * once, and the watch is over: a capability to it reads as void from then on.
 * The watch belongs to the caller's space and ends with it.
 *
 * Errors: ENOENT, EACCES, EEXIST, EBUSY, ENOMEM, EDQUOT; EINVAL also for a
 * reply right or a watch, which cannot be watched.
 */
struct capmsg_watch {
	__u32		size;
	__u32		flags;
	__aligned_u64	address;
	__aligned_u64	to;
	__aligned_u64	notification;
	__aligned_u64	bits;
};
#define CAPMSG_IOC_WATCH	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_WATCH)

/**
 * DOC: Revokers
 *
 * A *revoker* stands between a capability and those that are derived through
 * it: copies, copies of copies, exports, and copies sent in messages. To use
 * one of those is to use the object itself, until the revoker is revoked: from
 * then on they all read as void. Revoking is final. A revoker can also be
 * *closed* for a while: operations that name a capability through it, or pass
 * through it, wait until it is opened (or get EAGAIN with CAPMSG_NONBLOCK).
 *
 * Capabilities through a revoker can be given through another one, and so on,
 * CAPMSG_CHAIN_MAX in a row at most.
 *
 * What is fetched out of a cappage that is reached through a revoker is not
 * derived through it. When a region or a cappage is revoked from who has cut a
 * post from it, or reserved landing slots in it, nothing is written there any
 * more: the post takes what fits without, and the slots are no longer reserved.
 * While it is closed such posts stay as they are, and a message that has set out
 * to move a reply right from such a cappage still takes it along.
 *
 * The revoker belongs to the space that created it; when that space ends, what
 * was derived through it is void as well.
 */

/**
 * struct capmsg_create_revoker - CAPMSG_IOC_CREATE_REVOKER: derive a capability
 *	that can be revoked
 * @size: sizeof(struct capmsg_create_revoker)
 * @flags: must be zero
 * @from: address of a capability (object lookup), with READ where it is
 * @to: address of the void slot that gets the capability through the revoker:
 *	a copy of that at @from in all other respects
 * @revoker: address of another void slot, that gets the revoker itself
 *
 * Errors: ENOENT, EACCES, EEXIST, EBUSY, ENOMEM, EDQUOT, EMLINK (there are
 * CAPMSG_CHAIN_MAX revokers before it); EINVAL also for a reply right, and if
 * @to and @revoker are the same slot.
 */
struct capmsg_create_revoker {
	__u32		size;
	__u32		flags;
	__aligned_u64	from;
	__aligned_u64	to;
	__aligned_u64	revoker;
};
#define CAPMSG_IOC_CREATE_REVOKER	\
	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CREATE_REVOKER)

/**
 * struct capmsg_revoke - CAPMSG_IOC_REVOKE: void all that was derived
 * @size: sizeof(struct capmsg_revoke)
 * @flags: must be zero
 * @revoker: address of a revoker, with DESTROY
 *
 * When this returns every capability through the revoker reads as void, and
 * every commit that had found it valid is over. Who waits through it gets
 * ENOENT. The revoker itself is destroyed: DESTROY is the same.
 *
 * Errors: ENOENT (also: somebody else is revoking it at this moment), EACCES.
 */
struct capmsg_revoke {
	__u32		size;
	__u32		flags;
	__aligned_u64	revoker;
};
#define CAPMSG_IOC_REVOKE	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_REVOKE)

/**
 * struct capmsg_close - CAPMSG_IOC_CLOSE: make operations through a revoker wait
 * @size: sizeof(struct capmsg_close)
 * @flags: must be zero
 * @revoker: address of a revoker, with WRITE
 *
 * When this returns every commit that had found it open is over, and none
 * follows before OPEN. A call whose request was delivered before is not
 * concerned. Closing a closed revoker is no error.
 *
 * Errors: ENOENT, EACCES.
 */
struct capmsg_close {
	__u32		size;
	__u32		flags;
	__aligned_u64	revoker;
};
#define CAPMSG_IOC_CLOSE	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CLOSE)

/**
 * struct capmsg_open - CAPMSG_IOC_OPEN: let operations through a revoker go on
 * @size: sizeof(struct capmsg_open)
 * @flags: must be zero
 * @revoker: address of a revoker, with WRITE
 *
 * Opening an open revoker is no error.
 *
 * Errors: ENOENT, EACCES.
 */
struct capmsg_open {
	__u32		size;
	__u32		flags;
	__aligned_u64	revoker;
};
#define CAPMSG_IOC_OPEN		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_OPEN)

/**
 * DOC: Virtual objects
 *
 * Any object can be played by a process. A port that was created with
 * CAPMSG_PORT_HANDLER can have *virtual objects*: who receives from it, the
 * *handler*, plays them. Capabilities to them are copied, sent, badged, narrowed,
 * revoked and watched as any others, and read as what the object stands for.
 *
 * When an address leads through a virtual cappage the kernel asks the handler
 * where to go on: an *upcall* arrives at the port, like a call of
 * sizeof(struct capmsg_upcall) bytes, marked with CAPMSG_RECORD_UPCALL. It is
 * answered by REPLY or REPLY_RECV with a struct capmsg_resolution. The kernel
 * remembers the answer for this one address, and begins again at the root: so
 * nothing is held while the handler is asked, and nothing has happened yet
 * whenever it is given up. It asks CAPMSG_UPCALLS_MAX times at most (ELOOP).
 *
 * When a command is directed at a virtual object itself the handler is told which
 * (CAPMSG_UPCALL_INVOKE). It answers with a real object of that kind, which *stands
 * in* for this command: so a message goes from its sender to the receiver as if
 * there were no handler between. Or it has done what was asked by itself (DONE),
 * or says no. DESTROY, UNREGISTER and REVOKE end the virtual object as well, once
 * they have succeeded. Its creator can DESTROY it without an upcall. WATCH watches
 * the virtual object, and not what stands in.
 *
 * A cappage may have another one as its *keeper*: a walk that meets a void slot there
 * goes on in the keeper, with the number of that slot in the whole table and the rest of
 * the address, and with no more rights. A virtual keeper is asked as any virtual
 * cappage: so tables can be filled on demand. A real one lies under the table, whose
 * slots cover its own; it may have a keeper as well. A walk comes to CAPMSG_UPCALLS_MAX
 * keepers at most (ELOOP).
 *
 * The command waits for the answer as it would wait for a post: until its deadline,
 * interrupted by signals (and restarted), and never with CAPMSG_NONBLOCK (EAGAIN).
 * It gets ENOENT when the virtual object, its handler or the reply right is gone,
 * as if the object had been destroyed.
 *
 * A handler may need other handlers, and wait for itself in the end. Threads that
 * declare themselves receivers of the port (CAPMSG_RECV_DECLARE) save their clients
 * from that: when all of them wait for upcalls that only the caller could answer,
 * or each other, the upcall that would close the cycle fails with EDEADLK. Other
 * cycles last until a deadline, a signal, or ABORT.
 *
 * What a client can notice of a handler is EAGAIN with CAPMSG_NONBLOCK, ELOOP,
 * EDEADLK, and time.
 */

/**
 * struct capmsg_create_virtual - CAPMSG_IOC_CREATE_VIRTUAL: create an object that
 *	is played by a process
 * @size: sizeof(struct capmsg_create_virtual)
 * @flags: must be zero
 * @to: address of the void slot that gets the capability, with all rights of @kind
 * @handler: address of a port, with RECV, that was created with
 *	CAPMSG_PORT_HANDLER; it may be virtual itself. The virtual object ends with it,
 *	and when a revoker that it was named through is revoked
 * @object: how the handler calls it; told in every upcall, and to nobody else
 * @kind: what it stands for: CAPMSG_TYPE_CAPPAGE, _PORT, _REGION, _NOTIFICATION,
 *	_MESSAGE or _REVOKER
 * @bits: of a cappage: log2 of its slots, as STAT tells it and as subpages are
 *	made of it, CAPMSG_BITS_MIN to CAPMSG_BITS_MAX; 0 means
 *	CAPMSG_BITS_DEFAULT. Else 0
 * @cache_bits: log2 of the answers that the kernel may remember for other
 *	operations, 1 to CAPMSG_BITS_MAX; 0 for none
 * @__reserved: must be zero
 * @notification: of a port: address of a notification, with SEND, or
 *	CAPMSG_ADDRESS_VOID
 * @no_senders_bits: of a port: bits that are set when the last capability to send to
 *	it is dropped, as with CREATE_PORT; the badge of the notification's
 *	capability takes their place. Not zero with @notification
 *
 * @original: address of an object of that kind, real or virtual: the virtual object
 *	ends when that does, at once; or CAPMSG_ADDRESS_VOID. It is used for nothing
 *	else: the handler says what stands in
 *
 * Capabilities to send to a virtual port are counted there, and not on what stands in:
 * that is what STAT tells. The handler can pass the notice of the last one on, by
 * clearing the one capability to send to the original that it has kept.
 *
 * Errors: ENOENT, EACCES, EEXIST, EBUSY, ENOMEM, EDQUOT; EINVAL also for a port that
 * is no handler's or whose max_size is less than sizeof(struct capmsg_upcall), for
 * @notification or @no_senders_bits alone or of something else than a port, and if
 * @original is of another kind; EOPNOTSUPP also for another @kind.
 */
struct capmsg_create_virtual {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__aligned_u64	handler;
	__aligned_u64	object;
	__u32		kind;
	__u32		bits;
	__u32		cache_bits;
	__u32		__reserved;
	__aligned_u64	notification;
	__aligned_u64	no_senders_bits;
	__aligned_u64	original;
};
#define CAPMSG_IOC_CREATE_VIRTUAL	\
	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CREATE_VIRTUAL)

/* @operation of an upcall: where does the rest of the address lead? */
#define CAPMSG_UPCALL_INDEX	1
/* @operation: what stands in for the object, as far as @command goes? */
#define CAPMSG_UPCALL_INVOKE	2

/* @badge is set. */
#define CAPMSG_UPCALL_BADGED	0x1
/* A slot is wanted, to be looked at or written: VALUE is no answer. */
#define CAPMSG_UPCALL_SLOT	0x2
/* A real table has a void slot there, whose keeper is asked. */
#define CAPMSG_UPCALL_KEEPER	0x4

/**
 * struct capmsg_upcall - what a handler is asked
 * @size: sizeof(struct capmsg_upcall)
 * @operation: CAPMSG_UPCALL_INDEX, CAPMSG_UPCALL_INVOKE
 * @object: as given to CREATE_VIRTUAL
 * @address: INDEX: the rest of the address: at least one bit, and behind the last
 *	one a 1, as in CAPMSG_ADDRESS. If that is all that the object is to be
 *	indexed with, the address ends in one of its slots. INVOKE: no bit, and a 1
 * @badge: badge of the capability that was used
 * @guard: its guard, which was matched
 * @guard_bits: the length of that
 * @flags: CAPMSG_UPCALL_x
 * @rights: its rights, CAPMSG_RIGHT_WEAK also if the path was weak before
 * @subpage: the part of the cappage that it names ...
 * @subpage_bits: ... of 2^subpage_bits: these bits come before those of @address
 * @command: the client's command, CAPMSG_CMD_x
 * @argument: INVOKE by SIGNAL: the bits, if the capability has no badge; else 0
 *
 * Nothing else is told of the client: neither its addresses nor its memory mean
 * anything to the handler. What the command does is done by the kernel, with what
 * stands in.
 */
struct capmsg_upcall {
	__u32		size;
	__u32		operation;
	__aligned_u64	object;
	__aligned_u64	address;
	__aligned_u64	badge;
	__aligned_u64	guard;
	__u32		guard_bits;
	__u32		flags;
	__u32		rights;
	__u32		subpage;
	__u32		subpage_bits;
	__u32		command;
	__aligned_u64	argument;
};

/**
 * enum capmsg_result - what a handler answers
 * @CAPMSG_RESULT_VALUE: what is there is the capability that is the only item of the
 *	answer; of INVOKE: it stands in, and is of the same kind
 * @CAPMSG_RESULT_SLOT: it is slot @slot of the cappage that is the only item; a
 *	real one, and not named through a revoker
 * @CAPMSG_RESULT_RETRY: look again: a table was put in place of the virtual one, or
 *	the slot of the kept table was filled
 * @CAPMSG_RESULT_ERROR: the address leads nowhere; of INVOKE: the command fails
 * @CAPMSG_RESULT_DONE: of INVOKE: the command has succeeded, and nothing is left to
 *	be done; for SIGNAL, DESTROY, UNREGISTER, REVOKE, CLOSE and OPEN
 * @CAPMSG_RESULT_COUNT: number of results, 0 being none
 */
enum capmsg_result {
	CAPMSG_RESULT_VALUE	= 1,
	CAPMSG_RESULT_SLOT	= 2,
	CAPMSG_RESULT_RETRY	= 3,
	CAPMSG_RESULT_ERROR	= 4,
	CAPMSG_RESULT_DONE	= 5,
	CAPMSG_RESULT_COUNT	= 6,
};

/*
 * VALUE, SLOT: the kernel may give this answer to all who come by a capability with
 * the same badge and part of the cappage, until INVALIDATE. Nothing is remembered
 * unless @bits is what the virtual cappage claims to have. What stands in for another
 * object does so for all commands then; but those that end it are always told. As long
 * as it is remembered it counts as a capability of the handler's, see "no senders".
 */
#define CAPMSG_RESOLUTION_CACHE	0x1

/**
 * struct capmsg_resolution - the payload of the answer to an upcall
 * @size: sizeof(struct capmsg_resolution)
 * @flags: CAPMSG_RESOLUTION_CACHE
 * @result: enum capmsg_result
 * @bits: VALUE, SLOT of INDEX: how many bits of @address this takes, at least one
 * @slot: SLOT: the slot, in the part of the cappage that the item names
 * @n_slots: SLOT: how many slots, from that one on, follow each other in the
 *	virtual cappage as well: messages can land in so many; 0 means 1
 * @error: ERROR: ENOENT or EACCES
 * @__reserved: must be zero
 *
 * What is answered is weakened as anything that is found along the path of the
 * client. READ and WRITE of the item count beside those of the client's own
 * capability when it wants to read or write the slot. What stands in has at most the
 * rights of the client's capability and of the item, and the badge of the item, or
 * if that has none of the client's. It is used through the virtual object, and through
 * the revokers that either capability came through. The first such answer binds the
 * virtual object to what the item came through: to a revoker, to the other virtual object
 * that it is, or to nothing. What comes through something else later is refused.
 *
 * The answer is refused, and the upcall waits for another one, if a field is not
 * as said here or must be zero for this result, if the item is missing, has the wrong type or is
 * void, if @bits is more than there are, or the slot is not in the table: EINVAL.
 */
struct capmsg_resolution {
	__u32		size;
	__u32		flags;
	__u32		result;
	__u32		bits;
	__u32		slot;
	__u32		n_slots;
	__u32		error;
	__u32		__reserved;
};

/* The upcall has arrived in a post of the port. */
#define CAPMSG_WAITING_DELIVERED	0x1

/**
 * struct capmsg_waiting - somebody who waits for a handler
 * @id: names the upcall; never used again
 * @object: the virtual object, as given to CREATE_VIRTUAL
 * @address: the rest of the address, as in struct capmsg_upcall
 * @badge: as in struct capmsg_upcall
 * @since: when it began to wait, in nanoseconds of CLOCK_MONOTONIC; to the tick
 * @thread: thread id of who waits, as seen by the caller; 0 if it is not visible
 * @user: its user id, as seen by the caller
 * @operation: as in struct capmsg_upcall
 * @command: as in struct capmsg_upcall
 * @flags: CAPMSG_WAITING_DELIVERED
 * @__reserved: zero
 */
struct capmsg_waiting {
	__aligned_u64	id;
	__aligned_u64	object;
	__aligned_u64	address;
	__aligned_u64	badge;
	__aligned_u64	since;
	__u32		thread;
	__u32		user;
	__u32		operation;
	__u32		command;
	__u32		flags;
	__u32		__reserved;
};

/**
 * struct capmsg_upcalls - CAPMSG_IOC_UPCALLS: who waits for a handler
 * @size: sizeof(struct capmsg_upcalls)
 * @flags: must be zero
 * @port: address of a port, with RECV, that was created with CAPMSG_PORT_HANDLER
 * @waiting: array of @n struct capmsg_waiting
 * @n: room there, 1 to 4096
 * @out_n: entries written, those first who have waited longest. If there are more
 *	they are left out
 *
 * Errors: ENOENT, EACCES, ENOMEM; EINVAL also for a port that is no handler's.
 */
struct capmsg_upcalls {
	__u32		size;
	__u32		flags;
	__aligned_u64	port;
	__aligned_u64	waiting;
	__u32		n;
	__u32		out_n;
};
#define CAPMSG_IOC_UPCALLS	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_UPCALLS)

/**
 * struct capmsg_abort - CAPMSG_IOC_ABORT: end an upcall
 * @size: sizeof(struct capmsg_abort)
 * @flags: must be zero
 * @port: as in struct capmsg_upcalls
 * @id: which, as UPCALLS tells it
 *
 * Who waits for it gets ENOENT, as if the virtual object had been destroyed; an
 * answer gets ESTALE.
 *
 * Errors: ENOENT (also: that upcall is over), EACCES; EINVAL also for a port that is
 * no handler's.
 */
struct capmsg_abort {
	__u32		size;
	__u32		flags;
	__aligned_u64	port;
	__aligned_u64	id;
};
#define CAPMSG_IOC_ABORT	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_ABORT)

/* Drop nothing: tell the counts. */
#define CAPMSG_INVALIDATE_NOTHING	0x1

/**
 * struct capmsg_invalidate - CAPMSG_IOC_INVALIDATE: drop answers that are remembered
 * @size: sizeof(struct capmsg_invalidate)
 * @flags: CAPMSG_INVALIDATE_NOTHING
 * @port: as in struct capmsg_upcalls
 * @object: address of a capability to a virtual object of that port
 * @address: of which answers: an address in the virtual cappage, from its first
 *	bit on; all that is below it is dropped. CAPMSG_ADDRESS_VOID drops all
 * @out_dropped: answers that were dropped
 * @out_entries: answers for which there is room
 * @out_hits: how often an answer was remembered, since the object was created ...
 * @out_misses: ... and how often not
 *
 * When this returns no walk begins that uses such an answer. What the handler says
 * to upcalls that are open now is not remembered.
 *
 * Errors: ENOENT, EACCES; EINVAL also for a port that is no handler's, and an object
 * that is not played at that port.
 */
struct capmsg_invalidate {
	__u32		size;
	__u32		flags;
	__aligned_u64	port;
	__aligned_u64	object;
	__aligned_u64	address;
	__u32		out_dropped;
	__u32		out_entries;
	__aligned_u64	out_hits;
	__aligned_u64	out_misses;
};
#define CAPMSG_IOC_INVALIDATE	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_INVALIDATE)

/**
 * DOC: Early destination by hand
 *
 * A *message* object is storage for one outgoing transfer. It does what SEND
 * does in steps, so that a sender that produces its payload bit by bit names the
 * destination first, and fills the receiver's own memory; and it can wait in
 * line by itself while its owner goes on working. It is allocated once, and
 * used again and again.
 *
 * A message of at most CAPMSG_INLINE_MAX bytes claims no post: its bytes stay in
 * the message until it is transmitted. A longer one claims a post that is large
 * enough when it is begun, or later, when it gets to the head of the line. The
 * claim can be taken back: by the receiver (UNPOST, the end of port or region) at
 * any time, and by other senders after the port's claim time. Then the message
 * is LOST.
 */

/**
 * enum capmsg_message_state - the life of a message
 * @CAPMSG_MESSAGE_IDLE: bound to no port
 * @CAPMSG_MESSAGE_QUEUED: waits in line for a post that it can claim
 * @CAPMSG_MESSAGE_OPEN: takes FILL, then TRANSMIT
 * @CAPMSG_MESSAGE_SENDING: transmitted, and waits in line for a post
 * @CAPMSG_MESSAGE_DELIVERED: arrived
 * @CAPMSG_MESSAGE_LOST: its claim was taken back, or the port is gone; see
 *	out_error of STAT: ENOENT (no port any more) or ESTALE (no claim)
 *
 * ::
 *
 *          BEGIN                 claimed          TRANSMIT           a post
 *   IDLE ----------> QUEUED ------------> OPEN ------------> SENDING ------+
 *    |                 |                  ^ | |                |           |
 *    |  BEGIN, short or claimed at once   | | | TRANSMIT       |           v
 *    +------------------------------------+ | +----------------|---> DELIVERED
 *                      |   claim taken back |                  |
 *                      +---------> LOST <---+------------------+
 *                        port gone, revoked
 *
 * From every state ABANDON leads to IDLE. BEGIN can follow IDLE, DELIVERED and
 * LOST.
 *
 * What has come of waiting in line is told once: by the BEGIN or TRANSMIT that
 * waits for it; or if the message waits by itself (CAPMSG_MESSAGE_QUEUE) by its
 * notification, which is signalled on QUEUED -> OPEN and SENDING -> DELIVERED.
 * That a message which was begun is LOST is signalled always, and returned by the
 * next command as well.
 */
enum capmsg_message_state {
	CAPMSG_MESSAGE_IDLE		= 0,
	CAPMSG_MESSAGE_QUEUED		= 1,
	CAPMSG_MESSAGE_OPEN		= 2,
	CAPMSG_MESSAGE_SENDING		= 3,
	CAPMSG_MESSAGE_DELIVERED	= 4,
	CAPMSG_MESSAGE_LOST		= 5,
};

/**
 * struct capmsg_create_message - CAPMSG_IOC_CREATE_MESSAGE: create a message
 * @size: sizeof(struct capmsg_create_message)
 * @flags: must be zero
 * @to: address of the void slot that gets the capability
 * @notification: address of a notification, with SEND; or CAPMSG_ADDRESS_VOID
 * @bits: bits that are set, see enum capmsg_message_state; 0 without notification.
 *	If its capability has a badge, that takes their place
 *
 * Errors: ENOENT, EACCES (slot not writable, notification without SEND), EEXIST,
 * EBUSY, ENOMEM, EDQUOT; EINVAL also for bits without a notification, and the
 * other way round.
 */
struct capmsg_create_message {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__aligned_u64	notification;
	__aligned_u64	bits;
};
#define CAPMSG_IOC_CREATE_MESSAGE	\
	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CREATE_MESSAGE)

/* Do not wait: the message itself gets in line. */
#define CAPMSG_MESSAGE_QUEUE	0x2

/**
 * struct capmsg_begin - CAPMSG_IOC_BEGIN: bind a message to a port
 * @size: sizeof(struct capmsg_begin)
 * @flags: CAPMSG_NONBLOCK, or CAPMSG_MESSAGE_QUEUE
 * @message: address of a message, with WRITE
 * @to: address of the port, with SEND, and GRANT if @max_caps is not 0
 * @length: bytes that the message may have
 * @deadline: when to give up waiting for a post, 0: never; must be 0 with
 *	CAPMSG_MESSAGE_QUEUE
 * @max_caps: capabilities that it may carry
 * @out_state: CAPMSG_MESSAGE_OPEN, or with CAPMSG_MESSAGE_QUEUE also
 *	CAPMSG_MESSAGE_QUEUED
 *
 * The payload is zeros, or for a message of more than CAPMSG_INLINE_MAX bytes
 * what the receiver's buffer held, where it is not filled.
 *
 * Errors: ENOENT, EACCES, EMSGSIZE (over the port's max_size or max_caps),
 * EAGAIN, ETIMEDOUT, EINTR, EBUSY (the message is in use: not IDLE, DELIVERED or
 * LOST, or another thread is using it), ESTALE (another thread has abandoned it).
 */
struct capmsg_begin {
	__u32		size;
	__u32		flags;
	__aligned_u64	message;
	__aligned_u64	to;
	__aligned_u64	length;
	__aligned_u64	deadline;
	__u32		max_caps;
	__u32		out_state;
};
#define CAPMSG_IOC_BEGIN	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_BEGIN)

/**
 * struct capmsg_fill - CAPMSG_IOC_FILL: write a piece of payload
 * @size: sizeof(struct capmsg_fill)
 * @flags: must be zero
 * @message: address of a message, with WRITE; OPEN
 * @offset: where in the payload
 * @data: the piece, as in struct capmsg_send
 * @length: as in struct capmsg_send
 * @n_iov: as in struct capmsg_send
 * @__reserved: must be zero
 *
 * Any number of times, in any order. If it fails or is interrupted, part of the
 * piece may have been written; it can be written again.
 *
 * Errors: ENOENT (also: the port is gone, and the message LOST), EACCES, EMSGSIZE
 * (beyond the length that BEGIN has named), EBUSY (not OPEN, or another thread is
 * using it), ESTALE (the claim was taken back: the message is LOST; or another
 * thread has abandoned it), EINTR.
 */
struct capmsg_fill {
	__u32		size;
	__u32		flags;
	__aligned_u64	message;
	__aligned_u64	offset;
	__aligned_u64	data;
	__aligned_u64	length;
	__u32		n_iov;
	__u32		__reserved;
};
#define CAPMSG_IOC_FILL		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_FILL)

/**
 * struct capmsg_transmit - CAPMSG_IOC_TRANSMIT: commit a message
 * @size: sizeof(struct capmsg_transmit)
 * @flags: CAPMSG_NONBLOCK, or CAPMSG_MESSAGE_QUEUE
 * @message: address of a message, with WRITE; OPEN
 * @length: bytes that it has, at most what BEGIN has named
 * @items: array of @n_items struct capmsg_item
 * @deadline: when to give up waiting for a post, 0: never; must be 0 with
 *	CAPMSG_MESSAGE_QUEUE
 * @n_items: capabilities, at most what BEGIN has named
 * @out_state: CAPMSG_MESSAGE_DELIVERED, or with CAPMSG_MESSAGE_QUEUE also
 *	CAPMSG_MESSAGE_SENDING
 *
 * A message that has claimed a post is delivered at once; the flags and the
 * deadline concern the others. If it fails the message is OPEN still, unless
 * the error is ENOENT (and STAT says LOST) or ESTALE. A message cannot get in
 * line with a reply right that is to be moved (EINVAL): that leaves its slot
 * with the commit, which takes a thread of its owner.
 *
 * Errors: ENOENT (also: the port is gone), EACCES, EMSGSIZE (more bytes or
 * capabilities than BEGIN has named), EBUSY (not OPEN, or another thread is
 * using it; a reply right to be moved is in a message that is yet to be
 * received), ESTALE (the claim was taken back: the message is LOST; or another
 * thread has abandoned it), EAGAIN, ETIMEDOUT, EINTR.
 */
struct capmsg_transmit {
	__u32		size;
	__u32		flags;
	__aligned_u64	message;
	__aligned_u64	length;
	__aligned_u64	items;
	__aligned_u64	deadline;
	__u32		n_items;
	__u32		out_state;
};
#define CAPMSG_IOC_TRANSMIT	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_TRANSMIT)

/**
 * struct capmsg_abandon - CAPMSG_IOC_ABANDON: forget a message
 * @size: sizeof(struct capmsg_abandon)
 * @flags: must be zero
 * @message: address of a message, with WRITE
 *
 * Whatever its state, the message is IDLE afterwards, and if it was not
 * delivered by then it never is: its post is free for others, as if it had never
 * been begun. A FILL or TRANSMIT of another thread gets ESTALE.
 *
 * Errors: ENOENT, EACCES.
 */
struct capmsg_abandon {
	__u32		size;
	__u32		flags;
	__aligned_u64	message;
};
#define CAPMSG_IOC_ABANDON	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_ABANDON)

/**
 * DOC: Fairness
 *
 * Senders that wait at a port form one line for each user. A post that becomes
 * free goes to the users in turn, and within a user to the sender that came first
 * of those for which it is large enough. A user that begins to wait comes before the one
 * that has had its turn just now, and behind all others. A message that was passed
 * over for its size CAPMSG_PASS_MAX times gets the next post that is large enough,
 * before all others.
 *
 * A sender *holds* a post from its claim until the message was received. Unless
 * the port was created with CAPMSG_PORT_NO_SHARES nobody can hold all posts. Of
 * the posts that are free or held by it, a user may hold one part in
 * 1 + n * (1 + log2 n), where n is the number of users that hold posts, itself
 * included; and of that share, by the same rule, one badge of that user may hold
 * a part, with n the number of its badges that hold posts. Both are rounded up,
 * so one post can be held by anybody as long as there is a free one. A sender that
 * is over its share waits in line (or gets EAGAIN) even though posts are free.
 *
 * A user is who the port's owner sees: somebody in a user namespace that the
 * owner is not in counts as the owner of that namespace, so that namespaces do not
 * multiply anybody's share. Of each line the first 32 are looked at when a post
 * becomes free, and those that were passed over too often. A port with a single
 * post has turns and no shares.
 *
 * With one user and one badge that makes a quarter of the posts; a port between
 * two parties that trust each other wants CAPMSG_PORT_NO_SHARES.
 */

/**
 * struct capmsg_credits - CAPMSG_IOC_CREDITS: what may be sent without waiting
 * @size: sizeof(struct capmsg_credits)
 * @flags: must be zero
 * @to: address of a port, with SEND
 * @length: bytes of the messages in question
 * @n_caps: capabilities of the messages in question
 * @__reserved: must be zero
 * @out_posts: messages of that kind that the caller could send now, through this
 *	capability, without waiting. What it could take away from a sender that
 *	does not get on is not counted
 * @out_held: posts that it holds through capabilities with this badge ...
 * @out_share: ... and how many it may hold at this moment
 * @out_user_held: posts that its user holds ...
 * @out_user_share: ... and how many the user may hold at this moment
 * @out_waiting: senders of its user that wait in line
 * @out_largest: bytes of the largest buffer that is posted
 *
 * A snapshot: others send and receive meanwhile. Who else holds posts is told to
 * receivers only (LIMITS).
 *
 * Errors: ENOENT, EACCES, EMSGSIZE (over the port's max_size or max_caps).
 */
struct capmsg_credits {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
	__aligned_u64	length;
	__u32		n_caps;
	__u32		__reserved;
	__u32		out_posts;
	__u32		out_held;
	__u32		out_share;
	__u32		out_user_held;
	__u32		out_user_share;
	__u32		out_waiting;
	__aligned_u64	out_largest;
};
#define CAPMSG_IOC_CREDITS	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_CREDITS)

/**
 * enum capmsg_limit - what a command was refused for
 * @CAPMSG_LIMIT_NONE: no command was refused yet
 * @CAPMSG_LIMIT_OBJECTS: EDQUOT: objects of the user, or of an owner of one of
 *	the user's namespaces
 * @CAPMSG_LIMIT_BYTES: EDQUOT: kernel memory of the same, in bytes
 * @CAPMSG_LIMIT_MEMLOCK: EDQUOT: RLIMIT_MEMLOCK, in pages
 * @CAPMSG_LIMIT_FRAMES: EAGAIN: frames of the space
 * @CAPMSG_LIMIT_POSTS: EAGAIN: no post of the port is free and large enough;
 *	max is the port's depth, use the posts that are not free
 * @CAPMSG_LIMIT_USER_SHARE: EAGAIN: posts that the caller's user may hold
 * @CAPMSG_LIMIT_BADGE_SHARE: EAGAIN: posts that may be held with this badge
 * @CAPMSG_LIMIT_CHAIN: EMLINK: revokers in a row
 * @CAPMSG_LIMIT_SIZE: EMSGSIZE: bytes; use is what was asked for
 * @CAPMSG_LIMIT_CAPS: EMSGSIZE: capabilities; use is what was asked for
 * @CAPMSG_LIMIT_COUNT: number of limits
 */
enum capmsg_limit {
	CAPMSG_LIMIT_NONE		= 0,
	CAPMSG_LIMIT_OBJECTS		= 1,
	CAPMSG_LIMIT_BYTES		= 2,
	CAPMSG_LIMIT_MEMLOCK		= 3,
	CAPMSG_LIMIT_FRAMES		= 4,
	CAPMSG_LIMIT_POSTS		= 5,
	CAPMSG_LIMIT_USER_SHARE		= 6,
	CAPMSG_LIMIT_BADGE_SHARE	= 7,
	CAPMSG_LIMIT_CHAIN		= 8,
	CAPMSG_LIMIT_SIZE		= 9,
	CAPMSG_LIMIT_CAPS		= 10,
	CAPMSG_LIMIT_COUNT		= 11,
};

/**
 * struct capmsg_holder - who holds posts of a port
 * @badge: badge of the capability that was used
 * @user: its user id, as seen by the caller
 * @flags: CAPMSG_RECORD_BADGED if there is a badge
 * @held: posts that it holds
 * @waiting: its senders that wait in line
 */
struct capmsg_holder {
	__aligned_u64	badge;
	__u32		user;
	__u32		flags;
	__u32		held;
	__u32		waiting;
};

/**
 * struct capmsg_limits - CAPMSG_IOC_LIMITS: which limit was met, and by whom
 * @size: sizeof(struct capmsg_limits)
 * @flags: must be zero
 * @port: address of a port, with RECV, whose holders are told; or
 *	CAPMSG_ADDRESS_VOID
 * @holders: array of @n_holders struct capmsg_holder
 * @n_holders: room there, at most 4096; 0 without @port
 * @out_n_holders: entries written. If there are more holders they are left out
 * @out_limit: enum capmsg_limit: what the last command of this space that met a
 *	limit was refused for
 * @out_error: its errno
 * @out_use: what was in use of that limit at that moment, or asked for
 * @out_max: the limit
 * @out_thread: thread id of who was refused, as seen by the caller; 0 if it is
 *	not visible
 * @__reserved: must be zero
 *
 * Works before SETUP (without @port).
 *
 * Errors: ENOENT, EACCES, ENOMEM.
 */
struct capmsg_limits {
	__u32		size;
	__u32		flags;
	__aligned_u64	port;
	__aligned_u64	holders;
	__u32		n_holders;
	__u32		out_n_holders;
	__u32		out_limit;
	__u32		out_error;
	__aligned_u64	out_use;
	__aligned_u64	out_max;
	__u32		out_thread;
	__u32		__reserved;
};
#define CAPMSG_IOC_LIMITS	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_LIMITS)

#endif /* _UAPI_LINUX_CAPMSG_H */
