/* SPDX-License-Identifier: MIT
 *
 * fork.c - the face in the child of fork().
 *
 * Handlers of the program may give locks back in the child which they took before the fork; and
 * threads of the parent may have waited for these.  So the face's own handler is to be the first:
 * the C library calls them in the order in which they are registered.  A library that is earlier
 * than the face's constructor comes through __register_atfork, too, which is the face's.
 */
#include "face.h"
#include "core/forked.h"
#include "report.h"

int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);

static bool registered;

static void in_child(void)
{
	fl_self_forked();
	fl_forget_threads(fl_cancellable_mine(), fl_condition_forget);
	fl_conditions_forked();
	fl_report_forked();
}

static void register_first(void)
{
	if (registered)
		return;
	registered = true;
	fl_libc()->register_atfork(NULL, NULL, in_child, NULL);
}

FL_FACE int __register_atfork(void (*prepare)(void), void (*parent)(void),
			      void (*child)(void), void *library)
{
	register_first();
	return fl_libc()->register_atfork(prepare, parent, child, library);
}

FL_LOADED static void register_early(void)
{
	register_first();
}
