/* SPDX-License-Identifier: MIT
 *
 * cells.h - one row with one load, and what came out.
 */
#ifndef SIM_CELLS_H
#define SIM_CELLS_H

#include <stdbool.h>
#include <stdint.h>

struct load {
	unsigned processors, threads;
	unsigned section, think; /* ns */
	unsigned shared;	 /* percent */
	unsigned us;		 /* so long is counted */
	bool sites;		 /* print where lines are asked for */
	unsigned steps; /* print what is done from that operation on; 0: nothing */
	bool bare;	/* the section does nothing, not even to its line */
};

/* Each per operation, but for the first. */
struct figures {
	double millions; /* operations a second */
	double processor_ns;
	double lock_changes, lock_loads, lock_transfers;
	double other_transfers, data_transfers;
	double waiting_loads; /* of the lock's line, by threads that have begun to wait */
	/* From the end of a section to the next that was waited for: transfers one after the
	 * other, the data's included, and the time without that. */
	double path_transfers, path_ns;
	double waited_for; /* what part of the sections was */
};

/* In a process of its own, so that the library finds that machine when it is loaded. */
bool cell(const char *row, const struct load *load, struct figures *figures);
bool is_cell(int argc, char *argv[]); /* this is that process */
int cell_main(char *argv[]);
unsigned cell_processors(void);

/* load.c: in that process. */
struct row;
void load_run(const struct row *row, const struct load *load, struct figures *figures);

#endif
