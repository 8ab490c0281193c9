/* SPDX-License-Identifier: MIT
 *
 * mixed.c - locks that processes share, of which one has the library preloaded and the other has
 * not: both are the C library's then, whichever of the two has initialised them.
 */
#include "special.h"

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_rwlock_t rwlock;
	sem_t sem;
	unsigned count;
};

/* Of the parent, and of the other process; and how far they are. */
struct both {
	struct shared parents, peers;
	sem_t ready, done;
};

static void make(struct shared *shared)
{
	pthread_rwlockattr_t rwlock_attr;
	pthread_condattr_t cond_attr;

	init_special(&shared->mutex, PTHREAD_MUTEX_ERRORCHECK, SHARED_BETWEEN);
	returns(pthread_condattr_init(&cond_attr), 0);
	returns(pthread_condattr_setpshared(&cond_attr, PTHREAD_PROCESS_SHARED), 0);
	returns(pthread_cond_init(&shared->cond, &cond_attr), 0);
	returns(pthread_rwlockattr_init(&rwlock_attr), 0);
	returns(pthread_rwlockattr_setpshared(&rwlock_attr, PTHREAD_PROCESS_SHARED), 0);
	returns(pthread_rwlock_init(&shared->rwlock, &rwlock_attr), 0);
	returns(sem_init(&shared->sem, 1, 1), 0);
}

/* Two processes play this; each waits for the other on the condition. */
static void play(struct shared *shared, unsigned me)
{
	for (unsigned i = 0; i < 500; i++) {
		returns(pthread_mutex_lock(&shared->mutex), 0);
		while (shared->count % 2 != me)
			returns(pthread_cond_wait(&shared->cond, &shared->mutex), 0);
		shared->count++;
		returns(pthread_cond_broadcast(&shared->cond), 0);
		returns(pthread_mutex_unlock(&shared->mutex), 0);
		returns(i % 2 ? pthread_rwlock_rdlock(&shared->rwlock)
			      : pthread_rwlock_wrlock(&shared->rwlock),
			0);
		returns(pthread_rwlock_unlock(&shared->rwlock), 0);
		returns(sem_wait(&shared->sem), 0);
		returns(sem_post(&shared->sem), 0);
	}
}

static struct both *shared_by(int fd)
{
	struct both *both =
		mmap(NULL, sizeof(*both), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	cr_assert(both != MAP_FAILED);
	return both;
}

/* In the other process, which is started by the test below. */
Test(mixed, peer)
{
	const char *fd = getenv("POSIX_SHARED_BY");
	struct both *both;

	if (!fd)
		return;
	both = shared_by(atoi(fd));
	make(&both->peers);
	returns(sem_post(&both->ready), 0);
	play(&both->parents, 1);
	play(&both->peers, 1);
	returns(sem_wait(&both->done), 0);
}

static void becomes_peer(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	setenv("POSIX_SHARED_BY", number, 1);
	unsetenv("LD_PRELOAD");
	execl("/proc/self/exe", "peer", "peer", NULL);
	_exit(1);
}

Test(mixed, a_process_without_the_library_shares_locks_with_one_that_has_it)
{
	int fd = memfd_create("shared", 0);
	struct both *both;
	pid_t child;

	returns(ftruncate(fd, sizeof(*both)), 0);
	both = shared_by(fd);
	make(&both->parents);
	returns(sem_init(&both->ready, 1, 0), 0);
	returns(sem_init(&both->done, 1, 0), 0);
	child = fork();
	if (child == 0)
		becomes_peer(fd);
	returns(sem_wait(&both->ready), 0);
	play(&both->parents, 0);
	play(&both->peers, 0);
	returns(sem_post(&both->done), 0);
	child_is_well(child);
	returns(both->parents.count, 1000);
	returns(both->peers.count, 1000);
}
