/* SPDX-License-Identifier: MIT
 *
 * machine.h - where the figures were taken.
 */
#ifndef BENCHMARKS_MACHINE_H
#define BENCHMARKS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct machine {
	unsigned processors; /* that the program may use */
	bool hypervisor;
	uint64_t memory; /* bytes */
	char model[96];	 /* of the processor; "unknown" */
	char architecture[32];
	char kernel[160];
	char compiler[64];
	char libc[64];
	const char *clock;
};

void machine_ask(struct machine *machine, unsigned processors);

/* Two lines for people, which the title begins. */
void machine_print(const char *title, unsigned processors);

#endif
