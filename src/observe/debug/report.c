/* SPDX-License-Identifier: MIT
 *
 * report.c - see report.h.
 *
 * The same kind of report from the same place is printed the first time, the 10th, the 100th
 * and so on; at the end of the program, how often it came in all.
 *
 *	row       released by       acquired by        what it carries
 *	[HOOK]    set_hook          fl_report_end      what the callback's owner has written
 *
 *	relaxed    because
 *	[PLACE]    Which place the entry is for; what else is in it only makes the summary.
 *	[TALLY]    A number that is added up.
 */
#define _GNU_SOURCE
#include "report.h"
#include "core/atomic.h"
#include "records.h"
#include "core/thread.h"

#include <errno.h>
#include <fifolock/inspect.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PLACES 1024u
#define ROOM   8192u

struct place {
	uint64_t key; /* 0: free */
	uint64_t count, printed;
	const char *kind, *call;
	const void *at;
};

struct hook {
	void (*call)(const struct fifolock_report *report, void *ctx);
	void *ctx;
};

static struct place places[PLACES];
static struct hook hooks[2]; /* one is being written */
static struct hook *hook;
static bool aborts, quiet, disordered; /* written before main or by dlopen */

/* ---- text ---- */

void fl_text_add(struct fl_text *text, const char *string)
{
	while (*string && text->at < text->end)
		*text->at++ = *string++;
}

static void add_number(struct fl_text *text, uint64_t number, unsigned base)
{
	char digits[24];
	unsigned n = sizeof(digits);

	digits[--n] = '\0';
	do
		digits[--n] = "0123456789abcdef"[number % base];
	while (number /= base);
	fl_text_add(text, digits + n);
}

void fl_text_number(struct fl_text *text, uint64_t number)
{
	add_number(text, number, 10);
}

void fl_text_hex(struct fl_text *text, uint64_t number)
{
	fl_text_add(text, "0x");
	add_number(text, number, 16);
}

void fl_text_call(struct fl_text *text, const char *call, const void *at)
{
	fl_text_add(text, call);
	fl_text_add(text, " at ");
	fl_text_place(text, at);
}

void fl_text_here(struct fl_text *text, const struct fl_site *site)
{
	fl_text_call(text, site->call, site->at);
	fl_text_add(text, ", thread ");
	fl_text_number(text, (uint64_t)syscall(SYS_gettid));
	fl_text_add(text, ": ");
}

/* Of counted locks; otherwise nothing. */
void fl_text_lock_name(struct fl_text *text, const fifolock_t *lock)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	const char *name = NULL;

	if (modes->flags & FL_MODES_COUNTED)
		name = ((const fifolock_stats_t *)modes)->name;
	fl_text_add(text, name ? name : "");
}

void fl_text_lock(struct fl_text *text, const fifolock_t *lock)
{
	char *end;

	fl_text_add(text, "lock ");
	fl_text_hex(text, (uintptr_t)lock);
	fl_text_add(text, " ");
	end = text->at;
	fl_text_lock_name(text, lock);
	if (text->at == end && end < text->end)
		text->at--;
}

void fl_text_mode(struct fl_text *text, const fifolock_t *lock, unsigned mode)
{
	const fifolock_modes_t *modes = fl_modes_of(lock);
	const char *name = mode < modes->count ? modes->names[mode] : NULL;

	if (name) {
		fl_text_add(text, name);
		return;
	}
	fl_text_add(text, "mode ");
	fl_text_number(text, mode);
}

/* ---- how often ---- */

static uint64_t mix(uint64_t key, uint64_t with)
{
	key = (key ^ with) * UINT64_C(0x9e3779b97f4a7c15);
	return key ^ key >> 29;
}

static uint64_t key_of(const struct fl_report *report)
{
	uint64_t key = mix(1, (uintptr_t)report->kind);

	key = mix(key, (uintptr_t)report->site->at);
	key = mix(key, (uintptr_t)report->site->call);
	return mix(key, report->other) | 1;
}

/* NULL: there are too many places. */
static struct place *place_of(const struct fl_report *report)
{
	uint64_t key = key_of(report);

	for (uint32_t i = 0; i < PLACES; i++) {
		struct place *place = &places[(key + i) % PLACES];
		uint64_t now = 0;

		if (fl_cas_relaxed(&place->key, &now, key)) { /* [PLACE] */
			place->kind = report->kind;
			place->call = report->site->call;
			place->at = report->site->at;
			return place;
		}
		if (now == key)
			return place;
	}
	return NULL;
}

static bool is_power_of_ten(uint64_t n)
{
	while (n && n % 10 == 0)
		n /= 10;
	return n == 1;
}

/* How many times now; 0: not to be printed. */
static uint64_t count(const struct fl_report *report)
{
	struct place *place = place_of(report);
	uint64_t n;

	if (!place)
		return 1;
	n = fl_add_relaxed(&place->count, 1) + 1; /* [TALLY] */
	if (!is_power_of_ten(n))
		return 0;
	fl_store_relaxed(&place->printed, n); /* [TALLY] */
	return n;
}

/* ---- one report ---- */

struct fl_text *fl_report_begin(struct fl_report *report)
{
	report->count = count(report);
	if (!report->count)
		return NULL;
	report->begin = fl_map(ROOM);
	if (report->begin)
		report->text = (struct fl_text){report->begin, report->begin + ROOM - 64};
	else
		report->text = (struct fl_text){
			report->brief, report->brief + sizeof(report->brief) - 64};
	fl_text_add(&report->text, "fifolock: ");
	fl_text_add(&report->text, report->kind);
	fl_text_add(&report->text, ": ");
	return &report->text;
}

static void say(const char *text, size_t length)
{
	int saved = errno;

	/* If that fails there is nowhere else to say it. */
	(void)syscall(SYS_write, STDERR_FILENO, text, length);
	errno = saved;
}

/* True: the callback has dealt with it.  What it does wrong itself is printed. */
static bool call_hook(const struct fl_report *report, const char *text)
{
	/* [HOOK] acquire */
	const struct hook *who = fl_load_acquire(&hook);
	struct fl_thread *self = fl_thread_self();
	const struct fifolock_report told = {
		.kind = report->kind,
		.text = text,
		.count = report->count,
		.lock = report->lock,
		.call = report->site->call,
		.at = report->site->at,
	};

	if (!who || !who->call || !self || self->reporting)
		return false;
	self->reporting = true;
	who->call(&told, who->ctx);
	self->reporting = false;
	return true;
}

void fl_report_end(struct fl_report *report)
{
	char *begin = report->begin ? report->begin : report->brief;
	struct fl_text *text = &report->text;

	text->end += 63;
	if (report->count > 1) {
		fl_text_add(text, "\n    ");
		fl_text_number(text, report->count);
		fl_text_add(text, " times from this place so far");
	}
	*text->at = '\0';
	if (!call_hook(report, begin) && !quiet) {
		*text->at++ = '\n';
		say(begin, (size_t)(text->at - begin));
	}
	if (aborts)
		abort();
	if (report->begin)
		fl_unmap(report->begin, ROOM);
}

int fifolock_debug_on_report(void (*call)(const struct fifolock_report *report,
					  void *ctx),
			     void *ctx)
{
	struct hook *other = &hooks[hook == &hooks[0]];

	*other = (struct hook){call, ctx};
	/* [HOOK] release */
	fl_store_release(&hook, other);
	return 0;
}

bool fl_debug_orders(void)
{
	return !disordered;
}

/* ---- the beginning and the end ---- */

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (words && *words) {
		size_t n = strcspn(words, " ,");

		if (n == length && strncmp(words, word, n) == 0)
			return true;
		words += n + strspn(words + n, " ,");
	}
	return false;
}

FL_LOADED static void read_environment(void)
{
	const char *words = secure_getenv("FIFOLOCK_DEBUG");

	aborts = has_word(words, "abort");
	quiet = has_word(words, "quiet");
	disordered = has_word(words, "noorder");
}

static void sum_up(const struct place *place)
{
	char buffer[600];
	struct fl_text text = {buffer, buffer + sizeof(buffer) - 1};

	fl_text_add(&text, "fifolock: ");
	fl_text_add(&text, place->kind);
	fl_text_add(&text, ": ");
	fl_text_number(&text, place->count);
	fl_text_add(&text, " times in all: ");
	fl_text_call(&text, place->call, place->at);
	*text.at++ = '\n';
	say(buffer, (size_t)(text.at - buffer));
}

FL_UNLOADED static void finish(void)
{
	/* [HOOK] acquire */
	if (quiet || fl_load_acquire(&hook))
		return;
	for (uint32_t i = 0; i < PLACES; i++)
		if (fl_load_relaxed(&places[i].count) >	 /* [TALLY] */
		    fl_load_relaxed(&places[i].printed)) /* [TALLY] */
			sum_up(&places[i]);
}
