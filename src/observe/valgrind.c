/* SPDX-License-Identifier: MIT
 *
 * valgrind.c - telling valgrind's helgrind and drd.
 *
 * By client requests, which are a few instructions without effect elsewhere; other tools
 * of valgrind, and a process without it, are not told anything.  Both tools see what the
 * library does with its own memory and could not know that it is right, so that is
 * hidden from them.
 */
#include "detector.h"

#ifndef FL_VALGRIND
const struct fl_detector *fl_detector_valgrind(void)
{
	return NULL;
}
#else
#include <valgrind/drd.h>
#include <valgrind/helgrind.h>

/* Both headers have the same macros for different requests.  The requests themselves have
 * names of their own. */
#define TELL(what, one, two) \
	VALGRIND_DO_CLIENT_REQUEST_STMT((unsigned)(what), (one), (two), 0, 0, 0)

static void hg_before(const void *tag)
{
	TELL(_VG_USERREQ__HG_USERSO_SEND_PRE, tag, 0);
}

static void hg_after(const void *tag)
{
	TELL(_VG_USERREQ__HG_USERSO_RECV_POST, tag, 0);
}

static void hg_forget(const void *tag)
{
	TELL(_VG_USERREQ__HG_USERSO_FORGET_ALL, tag, 0);
}

static void hg_hide(const void *from, size_t size)
{
	TELL(_VG_USERREQ__HG_ARANGE_MAKE_UNTRACKED, from, size);
}

static void hg_show(const void *from, size_t size)
{
	TELL(_VG_USERREQ__HG_ARANGE_MAKE_TRACKED, from, size);
}

/* As readers always: to convert a hold is then nothing to be told, and what waits for what
 * the tags say. */
static void hg_locked(const void *mutex, bool shared, bool tried)
{
	(void)shared, (void)tried;
	TELL(_VG_USERREQ__HG_PTHREAD_RWLOCK_ACQUIRED, mutex, 0);
}

static void hg_unlocks(const void *mutex, bool shared)
{
	(void)shared;
	TELL(_VG_USERREQ__HG_PTHREAD_RWLOCK_RELEASED, mutex, 0);
}

/* What it does not know it does not let go. */
static void hg_gone(const void *mutex)
{
	TELL(_VG_USERREQ__HG_PTHREAD_RWLOCK_INIT_POST, mutex, 0);
	TELL(_VG_USERREQ__HG_PTHREAD_RWLOCK_DESTROY_PRE, mutex, 0);
}

static void drd_before(const void *tag)
{
	TELL(VG_USERREQ__DRD_ANNOTATE_HAPPENS_BEFORE, tag, 0);
}

static void drd_after(const void *tag)
{
	TELL(VG_USERREQ__DRD_ANNOTATE_HAPPENS_AFTER, tag, 0);
}

static void drd_forget(const void *tag)
{
	(void)tag;
}

/* For good, or until it is freed: what was hidden it has remembered. */
static void drd_hide(const void *from, size_t size)
{
	TELL(VG_USERREQ__DRD_START_SUPPRESSION, from, size);
}

/* Each answers to its own requests only. */
static bool under_helgrind(void)
{
	const long none = -2;
	char at = 0, bits = 0;

	return (long)VALGRIND_DO_CLIENT_REQUEST_EXPR(none, _VG_USERREQ__HG_GET_ABITS, &at,
						     &bits, 1, 0, 0) != none;
}

static bool under_drd(void)
{
	return VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__DRD_GET_DRD_THREAD_ID, 0, 0,
					       0, 0, 0) != 0;
}

const struct fl_detector *fl_detector_valgrind(void)
{
	static const struct fl_detector helgrind = {
		.before = hg_before,
		.after = hg_after,
		.forget = hg_forget,
		.hide = hg_hide,
		.show = hg_show,
		.locked = hg_locked,
		.unlocks = hg_unlocks,
		.fresh = hg_gone,
		.gone = hg_gone,
	};
	static const struct fl_detector drd = {
		.before = drd_before,
		.after = drd_after,
		.forget = drd_forget,
		.hide = drd_hide,
	};

	if (under_helgrind())
		return &helgrind;
	return under_drd() ? &drd : NULL;
}
#endif
