/* SPDX-License-Identifier: MIT
 *
 * face.c - the one table, and how this thread is called.
 */
#include "face.h"

#include <sys/syscall.h>
#include <unistd.h>

/* The masks as modes.c would make them. */
const fifolock_modes_t fl_one_table = {
	.at_once = 3,
	.count = 3,
	.flags = FL_MODES_OWNER_CHECKED | FL_MODES_ALONE(FIFOLOCK_EXCLUSIVE),
	.rows =
		{
			{FL_WRITER, UINT64_C(0x7ffffe), UINT64_C(0x800001), FL_WRITER},
			{FL_READER, 0, UINT64_C(0x800001), FL_READERS},
			{UINT64_C(1) << FL_UNITS_SHIFT, UINT64_C(1) << FL_UNITS_SHIFT,
			 UINT64_C(1) << 55, UINT64_C(0xffffffff) << FL_UNITS_SHIFT},
		},
	.capacity = {1, 4194304, 2147483647},
	.names = {"exclusive", "shared", "unit"},
};

/* The forking thread keeps its name in the child, where that of a new thread could be the
 * same, one day. */
static uint32_t forked;
#define NEW_IN_CHILD (UINT32_C(1) << 30)

FL_MY uint32_t self;

uint32_t fl_self(void)
{
	if (fl_unlikely(!self)) {
		self = (uint32_t)syscall(SYS_gettid);
		if (self == forked)
			self |= NEW_IN_CHILD;
	}
	return self;
}

void fl_self_forked(void)
{
	forked = fl_self();
}
