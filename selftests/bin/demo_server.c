// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo_server SOCKET DIRECTORY: makes a port, hands a capability for it to the
 * first who connects to SOCKET, and then lives by messages alone. It
 * writes the files it receives into DIRECTORY, uses capabilities that it receives,
 * and answers calls. Ends when a call says "stop".
 */
#include <sys/mman.h>

#include "demo.h"

#define BUFFER_SIZE (48UL << 20)

/* Slots of the root cappage. */
#define PORT	CAPMSG_ADDRESS(0x10, 8)	/* all rights */
#define DOOR	CAPMSG_ADDRESS(0x11, 8)	/* for the client */
#define REGION	CAPMSG_ADDRESS(0x12, 8)
#define LANDING	CAPMSG_ADDRESS(0x20, 8)	/* where capabilities arrive */

struct server {
	int space;
	const char *directory;
	unsigned int messages;
};

/* A port with two posts: one has a buffer and a landing slot. */
static void make_port(int space)
{
	struct capmsg_create_port port = {
		.to = PORT, .depth = 2, .max_size = BUFFER_SIZE, .max_caps = 1,
	};
	void *memory = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct capmsg_post post = {
		.port = PORT, .region = REGION, .length = BUFFER_SIZE,
		.landing = LANDING, .max_caps = 1,
		.cookie = (uintptr_t)memory, .post = CAPMSG_POST_ANY,
	};

	must(memory == MAP_FAILED ? -errno : 0, "mmap");
	must(capmsg_create_port(space, &port), "creating the port");
	must(capmsg_register(space, REGION, memory, BUFFER_SIZE), "registering the buffer");
	must(capmsg_post(space, &post), "posting the buffer");
}

/* The client may send, also capabilities, and nothing else; it is number 7. */
static int make_door(int space)
{
	struct capmsg_copy copy = {
		.flags = CAPMSG_COPY_BADGE, .from = PORT, .to = DOOR, .badge = 7,
		.rights = CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT,
	};
	int fd;

	must(capmsg_copy(space, &copy), "copying the port's capability");
	must(capmsg_export(space, DOOR, CAPMSG_RIGHTS_ALL, &fd), "exporting it");
	return fd;
}

static void hand_out(int door, const char *path)
{
	struct sockaddr_un address;
	int listening = demo_socket(path, &address), client;

	must(bind(listening, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0, "bind");
	must(listen(listening, 1) ? -errno : 0, "listen");
	client = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	must(client < 0 ? -errno : client, "accept");
	must(pass_fd(client, door), "passing the capability on");
	close(client);
	close(listening);
	close(door);
}

static void save(struct server *server, const void *data, size_t length)
{
	const struct demo_file *file = data;
	char path[256];
	FILE *out;

	/* Whoever sent this does not choose where we write. */
	if (!*file->name || *file->name == '.' || memchr(file->name, '/', sizeof(file->name))) {
		printf("server[%d]: refused a file for its name\n", (int)getpid());
		return;
	}
	snprintf(path, sizeof(path), "%s/%.60s", server->directory, file->name);
	length -= sizeof(*file);
	out = fopen(path, "we");
	if (!out || fwrite(file + 1, 1, length, out) != length || fclose(out))
		must(-errno, path);
	printf("server[%d]: a file of %zu bytes in one message, now %s\n",
	       (int)getpid(), length, path);
}

/* Sends through the capability that has just arrived, then lets go of it. */
static void use_capability(struct server *server)
{
	static const char text[] = "sent through the capability you sent me";
	struct capmsg_send send = {
		.to = LANDING, .data = (uintptr_t)text, .length = sizeof(text) - 1,
		.deadline = SECONDS(10),
	};

	printf("server[%d]: a capability came along, sending through it\n", (int)getpid());
	must(capmsg_send(server->space, &send), "sending through the capability");
	must(capmsg_clear(server->space, LANDING), "clearing the landing slot");
}

static int on_message(struct capmsg_request *request, void *arg)
{
	const struct capmsg_record *record = capmsg_request_record(request);
	const void *data = capmsg_request_data(request);
	struct server *server = arg;

	server->messages++;
	printf("server[%d]: message of %llu bytes, %u capabilities, badge %llu\n",
	       (int)getpid(), (unsigned long long)record->out_length,
	       record->out_n_caps, (unsigned long long)record->out_badge);
	if (record->out_length > sizeof(struct demo_file))
		save(server, data, record->out_length);
	else
		printf("server[%d]: it says '%.*s'\n", (int)getpid(),
		       (int)record->out_length, (const char *)data);
	if (record->out_n_caps)
		use_capability(server);
	return 0;
}

static int on_call(struct capmsg_request *request, void *arg)
{
	const struct capmsg_record *record = capmsg_request_record(request);
	const char *text = capmsg_request_data(request);
	int length = (int)record->out_length;
	struct server *server = arg;
	char answer[100];

	printf("server[%d]: called with '%.*s'\n", (int)getpid(), length, text);
	snprintf(answer, sizeof(answer), "process %d received %u messages before this",
		 (int)getpid(), server->messages);
	must(capmsg_answer(request, answer, strlen(answer)), "answering");
	return length == 4 && !memcmp(text, "stop", 4);
}

int main(int argc, char **argv)
{
	static const struct capmsg_ops ops = {
		.size = sizeof(ops), .call = on_call, .message = on_message,
	};
	struct server server;

	if (argc != 3) {
		fprintf(stderr, "usage: demo_server SOCKET DIRECTORY\n");
		return 64;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	server = (struct server){ .space = must(capmsg_open(), "opening the device"),
				  .directory = argv[2] };
	must(capmsg_setup(server.space, NULL), "setting the space up");
	make_port(server.space);
	printf("server[%d]: a port is at /10, a buffer is posted to it\n", (int)getpid());
	hand_out(make_door(server.space), argv[1]);
	must(capmsg_serve(server.space, PORT, &ops, &server), "serving");
	printf("server[%d]: done\n", (int)getpid());
	return 0;
}
