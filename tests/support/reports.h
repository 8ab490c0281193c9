/* SPDX-License-Identifier: MIT
 *
 * reports.h - what the debug build reports, kept for the test to look at.
 */
#ifndef REPORTS_H
#define REPORTS_H

#include "test.h"

#include <fifolock/cond.h>
#include <fifolock/inspect.h>
#include <fifolock/request.h>
#include <unistd.h>

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED, U = FIFOLOCK_UPDATE };

static unsigned reports; /* atomic; the first 16 are kept */
static struct {
	char kind[40], call[60], text[4096];
	const fifolock_t *lock;
	uint64_t count;
} report[16];

static void keep_report(const struct fifolock_report *told, void *ctx)
{
	unsigned n = __atomic_fetch_add(&reports, 1, __ATOMIC_ACQ_REL);

	if (ctx != &reports || n >= 16)
		return;
	strncpy(report[n].kind, told->kind, sizeof(report[n].kind) - 1);
	strncpy(report[n].call, told->call, sizeof(report[n].call) - 1);
	strncpy(report[n].text, told->text, sizeof(report[n].text) - 1);
	report[n].lock = told->lock;
	report[n].count = told->count;
}

static inline void keep_reports(void)
{
	cr_assert_eq(fifolock_debug_on_report(keep_report, &reports), 0);
}

static inline unsigned times(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* In a thread of its own, to its end. */
static inline intptr_t in_thread(void *(*run)(void *), void *arg)
{
	pthread_t thread;
	void *result;

	cr_assert_eq(pthread_create(&thread, NULL, run, arg), 0);
	cr_assert_eq(pthread_join(thread, &result), 0);
	return (intptr_t)result;
}

/* The last report is of this kind, by this call, and says so. */
#define reports_last(kind_, call_, words)                                            \
	do {                                                                         \
		unsigned last_ = reports - 1;                                        \
		cr_assert_gt(reports, 0);                                            \
		cr_assert_str_eq(report[last_].kind, (kind_));                       \
		cr_assert_str_eq(report[last_].call, (call_));                       \
		cr_assert_not_null(strstr(report[last_].text, (words)), "%s in: %s", \
				   (words), report[last_].text);                     \
	} while (0)

#endif
