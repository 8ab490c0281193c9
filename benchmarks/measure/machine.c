/* SPDX-License-Identifier: MIT
 *
 * machine.c - where the figures were taken.
 */
#include "machine.h"
#include "ticks.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* "name  : value" -> value; NULL if the line is about something else. */
static char *value_of(char *line, const char *wanted)
{
	char *colon = strchr(line, ':');

	if (!colon || strncmp(line, wanted, strlen(wanted)) != 0)
		return NULL;
	colon[strcspn(colon, "\n")] = '\0';
	return colon + 1 + strspn(colon + 1, " \t");
}

/* The kernel's own account; x86 names the model and the hypervisor, arm64 neither. */
static void ask_kernel(struct machine *machine)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
	char line[4096], *value;

	snprintf(machine->model, sizeof(machine->model), "unknown");
	while (cpuinfo && fgets(line, sizeof(line), cpuinfo)) {
		if ((value = value_of(line, "model name")))
			snprintf(machine->model, sizeof(machine->model), "%s", value);
		else if ((value = value_of(line, "flags")))
			machine->hypervisor = strstr(value, " hypervisor") != NULL;
	}
	if (cpuinfo)
		fclose(cpuinfo);
}

void machine_ask(struct machine *machine, unsigned processors)
{
	struct utsname system = {0};
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	*machine = (struct machine){.processors = processors};
	ask_kernel(machine);
	uname(&system);
	if (pages > 0 && page > 0)
		machine->memory = (uint64_t)pages * (uint64_t)page;
	snprintf(machine->architecture, sizeof(machine->architecture), "%.31s",
		 system.machine);
	snprintf(machine->kernel, sizeof(machine->kernel), "%s %s", system.sysname,
		 system.release);
	snprintf(machine->compiler, sizeof(machine->compiler), "%s", COMPILER);
	snprintf(machine->libc, sizeof(machine->libc), "glibc %s",
		 gnu_get_libc_version());
	machine->clock = ticks_counted ? "the processor's counter" : "CLOCK_MONOTONIC";
}

void machine_print(const char *title, unsigned processors)
{
	struct machine machine;

	machine_ask(&machine, processors);
	printf("%s: %u processors (%s%s), %s %s, %s\n", title, machine.processors,
	       machine.model, machine.hypervisor ? ", virtual" : "", machine.kernel,
	       machine.architecture, machine.libc);
	printf("Times by %s.\n", machine.clock);
}
