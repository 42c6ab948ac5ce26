// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module cannot be unloaded while anything of it is in use. (That it can be
 * afterwards, and leaves nothing, is seen after all tests.)
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "capmsg_util.h"
#include "kselftest_harness.h"

#define PORT	CAPMSG_ADDRESS(1, 8)

FIXTURE(unload) {
	int fd;
};

FIXTURE_SETUP(unload)
{
	self->fd = space_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, do_setup(self->fd, &(struct capmsg_setup){ .flags = 0 }));
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
}

FIXTURE_TEARDOWN(unload)
{
	CAPMSG_TEARDOWN();
}

static int unload(void)
{
	return syscall(SYS_delete_module, "capmsg", O_NONBLOCK) ? -errno : 0;
}

TEST_F(unload, open_space)
{
	EXPECT_EQ(-EAGAIN, unload());
	EXPECT_EQ(0, msg_try(self->fd, PORT, "still", 5));
}

TEST_F(unload, exported_capability)
{
	int file = cap_export(self->fd, PORT, CAPMSG_RIGHTS_ALL);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_EQ(-EAGAIN, unload());
	ASSERT_EQ(0, close(file));
}

TEST_F(unload, in_another_process)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		pause();
		_exit(0);
	}
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_EQ(-EAGAIN, unload());
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
}

TEST_HARNESS_MAIN
