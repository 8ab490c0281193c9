/* SPDX-License-Identifier: MIT
 *
 * rows.h - the locks.
 */
#ifndef SIM_ROWS_H
#define SIM_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct row {
	const char *name;
	/* shared: not all can. */
	void (*lock)(unsigned thread, bool shared);
	void (*unlock)(unsigned thread, bool shared);
	/* or */
	void (*run)(unsigned thread, bool shared, void (*section)(void *arg), void *arg);
	bool shares;
};

extern const struct row rows[], floors[];
extern const size_t row_count, floor_count;
extern char the_lock[256]; /* all of them */

const struct row *row_named(const char *name); /* NULL: none */

#endif
