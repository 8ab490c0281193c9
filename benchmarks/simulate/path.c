/* SPDX-License-Identifier: MIT
 *
 * path.c - how many transfers lie between the end of one section and the beginning of the
 * next, one after the other.
 *
 * The thread that ends a section begins a path.  It goes on with each access of that thread, and
 * with those of threads that read what has been written on it; each transfer makes it
 * longer by one, and where two meet the longer one counts.  What a thread does before a
 * pause, a yield or a sleep is no part of it: it waited.
 */
#include "machine.h"

static uint64_t turn; /* the current one; 0 is none */

static struct path longer(struct path a, struct path b)
{
	if (a.turn != b.turn)
		return a.turn > b.turn ? a : b;
	return a.transfers > b.transfers ? a : b;
}

static bool on_it(const struct path *path)
{
	return turn && path->turn == turn;
}

void path_begins(uint64_t number)
{
	turn = number;
	*my_path() = (struct path){.turn = number};
}

void path_waits(void)
{
	*my_path() = (struct path){0};
	*waits() = true;
	*looks_ahead() = 0;
}

void path_wakes(struct thread *thread)
{
	*path_of(thread) = *my_path();
}

void path_load(struct line *line, bool transferred)
{
	if (!transferred)
		return;
	*my_path() = longer(*my_path(), line->path);
	if (on_it(my_path()))
		my_path()->transfers++;
}

/* The thread goes on; what it writes is seen later. */
void path_store(struct line *line, bool transferred)
{
	struct path path = *my_path();

	if (!on_it(&path))
		return;
	path.transfers += transferred;
	*stored_path() = longer(*stored_path(), path);
	line->path = *stored_path();
}

void path_change(struct line *line, bool transferred)
{
	struct path path = longer(*my_path(), *stored_path());

	if (transferred)
		path = longer(path, line->path);
	if (!on_it(&path))
		return;
	path.transfers += transferred;
	*my_path() = path;
	line->path = path;
}
