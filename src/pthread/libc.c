/* SPDX-License-Identifier: MIT
 *
 * libc.c - see libc.h.
 *
 *	row      released by   acquired by   what it carries
 *	[FOUND]  find          fl_libc       the addresses
 */
#include "libc.h"
#include "core/atomic.h"
#include "core/thread.h"

#include <dlfcn.h>
#include <stddef.h>

static struct fl_libc libc;
static int found;

/* Conditions had another layout once, and their functions have two versions each: without a
 * version, some C libraries find the old one. */
static void *find_one(const char *name)
{
	void *function = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");

	return function ? function : dlsym(RTLD_NEXT, name);
}

/* Twice at once is no harm: both write the same. */
static void find(void)
{
#define FIND(here, there, arguments) *(void **)&libc.here = find_one(#there);
	FL_LIBC_FUNCTIONS(FIND)
#undef FIND
	fl_store_release(&found, 1); /* [FOUND] release */
}

const struct fl_libc *fl_libc(void)
{
	/* [FOUND] acquire */
	if (fl_unlikely(!fl_load_acquire(&found)))
		find();
	return &libc;
}

FL_LOADED static void find_early(void)
{
	(void)fl_libc();
}
