/* SPDX-License-Identifier: MIT
 *
 * kv_server.c - a key-value server: several workers and one epoll serve kv_store.c to clients.
 *
 *	cc kv_server.c kv_store.c $(pkg-config --cflags --libs fifolock-table) -pthread
 *	kv_server SOCKET
 *
 * It prints "ready" when clients can connect to the Unix socket, and ends on SIGTERM.
 *
 * A worker sleeps while it waits for a key.  If the client that holds the key then sent its next line and
 * all workers slept, none would read it, and no deadlock finder knows that.  So the worker that has
 * read BEGIN stays with its client until the transaction ends: each holder has a worker.  A server
 * with more transactions than threads would not wait, but make requests (fifolock_table_request).
 */
#include "kv_store.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WORKERS 4
#define CLIENTS 64
#define TEXT	2048  /* a line has fewer bytes */
#define IDLE_MS 60000 /* a client that is silent so long in a transaction is given up */

struct client {
	atomic_int fd; /* 0: free */
	fifolock_t turn;
	struct kv_transaction transaction;
	size_t length;
	char text[TEXT];
};

static struct client clients[CLIENTS];
static int epoll, listener, stop;

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* Wake one worker, once, when there is something to read. */
static void watch(int how, int fd, void *about)
{
	struct epoll_event event = {EPOLLIN | EPOLLONESHOT, {.ptr = about}};

	check(epoll_ctl(epoll, how, fd, &event) == 0, "epoll_ctl");
}

static void greet(void)
{
	const int fd = accept(listener, NULL, NULL);
	struct client *c = clients;

	while (c < clients + CLIENTS && c->fd)
		c++;
	if (fd >= 0 && c < clients + CLIENTS) {
		c->length = 0;
		c->fd = fd;
		watch(EPOLL_CTL_ADD, fd, c);
	} else if (fd >= 0) {
		close(fd); /* too many */
	}
	watch(EPOLL_CTL_MOD, listener, &listener);
}

static void drop(struct client *c)
{
	const int fd = c->fd;

	kv_end(&c->transaction, false);
	close(fd);
	c->fd = 0; /* from here on it may be another client's */
}

/* Read once, execute the lines that are whole.  False: the client has gone, or does not read its
 * answers, or its line is too long. */
static bool serve_some(struct client *c)
{
	const ssize_t got =
		recv(c->fd, c->text + c->length, TEXT - c->length, MSG_DONTWAIT);
	char answer[KV_ANSWER], *line = c->text, *end;

	if (got <= 0)
		return false;
	c->length += (size_t)got;
	while ((end = memchr(line, '\n', (size_t)(c->text + c->length - line)))) {
		*end = 0;
		kv_execute(&c->transaction, line, answer);
		if (send(c->fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return false;
		line = end + 1;
	}
	c->length -= (size_t)(line - c->text);
	memmove(c->text, line, c->length);
	return c->length < TEXT;
}

/* In a transaction.  False: the client is silent, or the server is to end. */
static bool more_comes(const struct client *c)
{
	struct pollfd fds[] = {{c->fd, POLLIN, 0}, {stop, POLLIN, 0}};

	return poll(fds, 2, IDLE_MS) > 0 && !fds[1].revents;
}

static void serve(struct client *c)
{
	bool there;

	/* A worker can be woken before the last one has returned from epoll_ctl. */
	fifolock_lock(&c->turn, FIFOLOCK_EXCLUSIVE);
	do
		there = serve_some(c);
	while (there && c->transaction.begun && (there = more_comes(c)));
	if (there)
		watch(EPOLL_CTL_MOD, c->fd, c);
	else
		drop(c);
	fifolock_unlock(&c->turn, FIFOLOCK_EXCLUSIVE);
}

static void *work(void *unused)
{
	struct epoll_event event;

	(void)unused;
	for (;;) {
		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.ptr == &stop)
			break;
		if (event.data.ptr == &listener)
			greet();
		else
			serve(event.data.ptr);
	}
	return NULL;
}

static void begin(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	/* Without EPOLLONESHOT, and it is never read: it wakes all workers. */
	struct epoll_event event = {EPOLLIN, {.ptr = &stop}};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	check(listener >= 0, "socket");
	check(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0, path);
	check(listen(listener, CLIENTS) == 0, "listen");
	epoll = epoll_create1(0);
	check(epoll >= 0, "epoll_create1");
	stop = eventfd(0, 0);
	check(stop >= 0, "eventfd");
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, stop, &event) == 0, "epoll_ctl");
	watch(EPOLL_CTL_ADD, listener, &listener);
}

static void work_until_told(void)
{
	const uint64_t one = 1;
	pthread_t workers[WORKERS];
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* in the workers, too */
	for (int i = 0; i < WORKERS; i++)
		check(pthread_create(&workers[i], NULL, work, NULL) == 0,
		      "pthread_create");
	puts("ready");
	fflush(stdout);
	sigwait(&signals, &signal);
	check(write(stop, &one, sizeof(one)) == sizeof(one), "eventfd");
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
}

int main(int argc, char *argv[])
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s SOCKET\n", argv[0]);
		return 2;
	}
	errno = kv_open();
	check(errno == 0, "kv_open");
	begin(argv[1]);
	work_until_told();
	for (struct client *c = clients; c < clients + CLIENTS; c++)
		if (c->fd)
			drop(c);
	unlink(argv[1]);
	errno = kv_close(); /* EBUSY: a key is held */
	check(errno == 0, "kv_close");
	return 0;
}
