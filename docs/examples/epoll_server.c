/* SPDX-License-Identifier: MIT
 *
 * epoll_server.c - one thread serves many clients and never waits for a lock.
 *
 * It shares two accounts with a thread that audits them without end, and pauses only when it
 * keeps a client waiting. Where the server's turn has not come it leaves a request in line and
 * serves others; the grant makes an eventfd readable. A client is not read again until it has
 * its answer.
 */
#include <errno.h>
#include <fifolock/request.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 8
#define ASKS	500 /* of each */
#define TOTAL	1000

struct client {
	int fd, far_end;
	pthread_t thread;
	long message; /* so much from one account to the other; 0: how much is there? */
	unsigned mode;
	bool in_line;
	fifolock_request_t request;
};

static fifolock_modes_t modes; /* see main */
static fifolock_t lock = FIFOLOCK_INIT(&modes);
static long accounts[2] = {TOTAL};
static struct client clients[CLIENTS];
static int epoll, granted;
static atomic_bool over, wrong;

static void listen_to(int how, int fd, uint32_t events, struct client *client)
{
	struct epoll_event event = {events, {.ptr = client}};

	if (epoll_ctl(epoll, how, fd, &event) != 0)
		wrong = true;
}

/* The lock is held: do it, give back, answer, and listen again. */
static void serve(struct client *client)
{
	if (client->message) {
		accounts[0] -= client->message;
		accounts[1] += client->message;
	}
	client->message = accounts[0] + accounts[1];
	client->in_line = false;
	fifolock_unlock(&lock, client->mode);
	if (send(client->fd, &client->message, sizeof(long), MSG_DONTWAIT) < 0)
		wrong = true;
	listen_to(EPOLL_CTL_MOD, client->fd, EPOLLIN | EPOLLONESHOT, client);
}

/* False: it has gone, or cannot be served. */
static bool read_from(struct client *client)
{
	if (recv(client->fd, &client->message, sizeof(long), MSG_DONTWAIT) < 1)
		return false;
	client->mode = client->message ? FIFOLOCK_EXCLUSIVE : FIFOLOCK_SHARED;
	switch (fifolock_request(&lock, client->mode, 1, &client->request,
				 fifolock_done_eventfd, (void *)(intptr_t)granted)) {
	case 0:
		serve(client);
		return true;
	case EINPROGRESS:
		client->in_line = true;
		return true;
	default:
		return false;
	}
}

/* Some turns have come: whose? */
static void serve_granted(void)
{
	uint64_t count;

	if (read(granted, &count, sizeof(count)) < 0)
		return;
	for (struct client *c = clients; c < clients + CLIENTS; c++)
		if (c->in_line && fifolock_request_poll(&c->request) == 0)
			serve(c);
}

static void serve_all(void)
{
	struct epoll_event event;

	for (unsigned left = CLIENTS; left;) {
		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (!event.data.ptr)
			serve_granted();
		else if (!read_from(event.data.ptr))
			left--;
	}
}

static void *audit(void *unused)
{
	(void)unused;
	fifolock_lock(&lock, FIFOLOCK_SHARED);
	while (!over) {
		if (accounts[0] + accounts[1] != TOTAL)
			wrong = true;
		/* The requests that this hold keeps out go first. */
		fifolock_bump(&lock, FIFOLOCK_SHARED);
	}
	fifolock_unlock(&lock, FIFOLOCK_SHARED);
	return NULL;
}

static void *ask(void *self)
{
	const int fd = ((struct client *)self)->far_end;

	for (long i = 0; i < ASKS; i++) {
		long message = i % 3 - 1;

		if (send(fd, &message, sizeof(long), 0) < 0 ||
		    recv(fd, &message, sizeof(long), 0) < 1 || message != TOTAL)
			wrong = true;
	}
	close(fd);
	return NULL;
}

static void begin(struct client *client)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
		_exit(1);
	client->fd = ends[0];
	client->far_end = ends[1];
	listen_to(EPOLL_CTL_ADD, client->fd, EPOLLIN | EPOLLONESHOT, client);
	if (pthread_create(&client->thread, NULL, ask, client) != 0)
		_exit(1);
}

int main(void)
{
	pthread_t auditor;

	/* Grants are made by the thread that gives back, here the auditor, and the server gives
	 * back in turn: so the debug build is not to ask for one thread to do both. */
	modes = fifolock_shared_exclusive_modes;
	fifolock_modes_owner_checked(&modes, false);
	epoll = epoll_create1(0);
	granted = eventfd(0, EFD_NONBLOCK);
	listen_to(EPOLL_CTL_ADD, granted, EPOLLIN, NULL);
	if (pthread_create(&auditor, NULL, audit, NULL) != 0)
		return 1;
	for (struct client *c = clients; c < clients + CLIENTS; c++)
		begin(c);
	serve_all();
	over = true;
	pthread_join(auditor, NULL); /* the last that could call back */
	for (struct client *c = clients; c < clients + CLIENTS; c++)
		pthread_join(c->thread, NULL);
	printf("%ld and %ld\n", accounts[0], accounts[1]);
	return wrong || fifolock_destroy(&lock) != 0;
}
