/* SPDX-License-Identifier: MIT
 *
 * debug_subject.c - makes mistakes, for debug.sh to see what the debug build prints of them.
 */
#include <fifolock/fifolock.h>
#include <string.h>

static fifolock_t a, b;

static void nest(fifolock_t *outer, fifolock_t *inner)
{
	fifolock_lock(outer, FIFOLOCK_EXCLUSIVE);
	fifolock_lock(inner, FIFOLOCK_EXCLUSIVE);
	fifolock_unlock(inner, FIFOLOCK_EXCLUSIVE);
	fifolock_unlock(outer, FIFOLOCK_EXCLUSIVE);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "order") == 0) {
		nest(&a, &b);
		nest(&b, &a);
		return 0;
	}
	for (unsigned i = 0; i < 435; i++)
		fifolock_unlock(&a, FIFOLOCK_SHARED); /* the mistake */
	return 0;
}
