// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <linux/capmsg.h>
#include <sys/ioctl.h>

#include "space.h"

int space_new(void)
{
	struct capmsg_setup setup = { .size = sizeof(setup) };
	int fd = must(open("/dev/capmsg", O_RDWR | O_CLOEXEC), "/dev/capmsg");

	must(ioctl(fd, CAPMSG_IOC_SETUP, &setup), "SETUP");
	return fd;
}

int space_export(int space, uint64_t from)
{
	struct capmsg_export export = {
		.size = sizeof(export), .from = from,
		.rights = CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT,
	};

	must(ioctl(space, CAPMSG_IOC_EXPORT, &export), "EXPORT");
	return export.out_fd;
}

void space_import(int space, uint64_t to, int file)
{
	struct capmsg_import import = {
		.size = sizeof(import), .to = to, .fd = file,
	};

	must(ioctl(space, CAPMSG_IOC_IMPORT, &import), "IMPORT");
}

size_t space_post_size(size_t bytes)
{
	return (bytes + 4095) & ~4095ul;
}

char *space_posts(int space, uint64_t port, uint64_t region, unsigned int n,
		  size_t bytes)
{
	size_t length = space_post_size(bytes);
	struct capmsg_register new = {
		.size = sizeof(new), .to = region,
		.address = (uintptr_t)memory(n * length), .length = n * length,
	};
	struct capmsg_post post = {
		.size = sizeof(post), .port = port, .region = region,
		.length = length,
	};

	must(ioctl(space, CAPMSG_IOC_REGISTER, &new), "REGISTER");
	for (post.post = 0; post.post < n; post.post++) {
		post.offset = post.post * length;
		must(ioctl(space, CAPMSG_IOC_POST, &post), "POST");
	}
	return (char *)(uintptr_t)new.address;
}
