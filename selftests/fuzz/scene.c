// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a case begins with: spaces that have something of each kind, know each other's
 * ports and tables, and the virtual objects that the last of them plays.
 */
#include "fuzz.h"

#define PLAYING	(SPACES - 1)

atomic_int fuzz_spaces[SPACES];
atomic_int fuzz_files[FILES];
char *fuzz_payload;
char *fuzz_region;

int memory_prepare(void)
{
	unsigned int i;

	fuzz_payload = mmap(NULL, (PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fuzz_region = mmap(NULL, SPACES * REGION_BYTES, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fuzz_payload == MAP_FAILED || fuzz_region == MAP_FAILED)
		return -errno;
	for (i = 0; i < PAGES; i++)
		memset(fuzz_payload + i * PAGE, 'A' + i, PAGE);
	return mprotect(fuzz_payload + PAGES * PAGE, PAGE, PROT_NONE) ? -errno : 0;
}

static int objects_of(int fd, unsigned int space)
{
	int ret;

	ret = cappage_create(fd, slot_of(G_TABLE, 0), 4);
	ret = ret ?: do_create_notification(fd, &(struct capmsg_create_notification){
		.to = slot_of(G_NOTE, 0), .flags = CAPMSG_NOTIFICATION_POLL });
	ret = ret ?: do_create_port(fd, &(struct capmsg_create_port){
		.to = slot_of(G_PORT, 0), .depth = 2, .max_caps = 4,
		.flags = space ? CAPMSG_PORT_NO_SHARES : 0,
		.notification = slot_of(G_NOTE, 0), .arrival_bits = 1, .no_senders_bits = 2 });
	ret = ret ?: region_create(fd, slot_of(G_REGION, 0),
				   fuzz_region + space * REGION_BYTES, 4 * PAGE);
	ret = ret ?: do_create_message(fd, &(struct capmsg_create_message){
		.to = slot_of(G_MESSAGE, 0) });
	return ret;
}

/* The handler's port, a virtual table with a cache, a virtual port. */
static int virtual_of(int fd)
{
	int ret;

	ret = do_create_port(fd, &(struct capmsg_create_port){
		.to = slot_of(G_HANDLER, 0), .depth = 2,
		.flags = CAPMSG_PORT_HANDLER | CAPMSG_PORT_NO_SHARES });
	ret = ret ?: do_create_virtual(fd, &(struct capmsg_create_virtual){
		.to = slot_of(G_VIRTUAL, 0), .handler = slot_of(G_HANDLER, 0), .object = 1,
		.kind = CAPMSG_TYPE_CAPPAGE, .cache_bits = 2 });
	ret = ret ?: do_create_virtual(fd, &(struct capmsg_create_virtual){
		.to = slot_of(G_VIRTUAL, 1), .handler = slot_of(G_HANDLER, 0), .object = 2,
		.kind = CAPMSG_TYPE_PORT });
	return ret;
}

/* Puts a file for the capability at @from of @space to where all can import it. */
static void offer(unsigned int file, unsigned int space, __u64 from)
{
	int old = atomic_load(&fuzz_files[file]);

	if (old > 0)
		close(old);
	old = cap_export(atomic_load(&fuzz_spaces[space]), from, CAPMSG_RIGHTS_ALL);
	atomic_store(&fuzz_files[file], old < 0 ? -1 : old);
}

static void take(unsigned int file, unsigned int space, __u64 to)
{
	int fd = atomic_load(&fuzz_files[file]);

	if (fd > 0)
		cap_import(atomic_load(&fuzz_spaces[space]), fd, to);
}

/* Others' ports and tables, as far as they are offered. */
static void meet(unsigned int space)
{
	offer(space, space, slot_of(G_PORT, 0));
	take((space + 1) % SPACES, space, slot_of(G_PORT, 1));
	take(3, space, slot_of(G_TABLE, 1));
	if (space == PLAYING) {
		offer(4, space, slot_of(G_VIRTUAL, 0));
		offer(5, space, slot_of(G_VIRTUAL, 1));
		return;
	}
	offer(3, space, slot_of(G_TABLE, 0));
	take(4, space, slot_of(G_VIRTUAL, 0));
	take(5, space, slot_of(G_VIRTUAL, 1));
}

int scene_space(unsigned int space)
{
	int fd = space_open(), ret;

	if (fd < 0)
		return fd;
	ret = do_setup(fd, &(struct capmsg_setup){ .frames = 4, .root_bits = 8 });
	ret = ret ?: objects_of(fd, space);
	if (!ret && space == PLAYING)
		ret = virtual_of(fd);
	if (ret) {
		close(fd);
		return ret;
	}
	atomic_store(&fuzz_spaces[space], fd);
	meet(space);
	return 0;
}

int scene_prepare(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < FILES; i++)
		atomic_store(&fuzz_files[i], -1);
	/* The handler first, so that the others find what it plays. */
	for (i = 0; i < SPACES && !ret; i++)
		ret = scene_space((PLAYING + i) % SPACES);
	return ret;
}

void scene_end(void)
{
	unsigned int i;

	for (i = 0; i < SPACES; i++)
		close(atomic_exchange(&fuzz_spaces[i], -1));
	for (i = 0; i < FILES; i++)
		close(atomic_exchange(&fuzz_files[i], -1));
}
