/* SPDX-License-Identifier: MIT
 *
 * print.c - keys and modes as text.
 */
#include "print.h"

#include <inttypes.h>

/* How many bytes the character has that begins here; 0: it is no UTF-8.  Neither longer than it
 * need be, nor a surrogate, nor beyond the last one. */
static size_t character(const unsigned char *at, size_t left)
{
	size_t size = *at < 0x80   ? 1
		      : *at < 0xc2 ? 0
		      : *at < 0xe0 ? 2
		      : *at < 0xf0 ? 3
				   : 4;

	if (*at > 0xf4 || size > left)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
	    (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
		return 0;
	return size;
}

static bool is_text(const unsigned char *at, size_t left)
{
	for (size_t size; left; at += size, left -= size)
		if (!(size = character(at, left)))
			return false;
	return true;
}

static void print_hex(FILE *out, const unsigned char *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x", at[i]);
}

/* With what JSON has to have escaped, and for terminals DEL and the controls behind it. */
static void print_quoted(FILE *out, const unsigned char *at, size_t left)
{
	fputc('"', out);
	for (size_t size; left; at += size, left -= size) {
		size = character(at, left);
		if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			fprintf(out, "\\u%04x", *at);
		else if (*at == 0xc2 && at[1] < 0xa0)
			fprintf(out, "\\u%04x", at[1]);
		else
			fwrite(at, 1, size, out);
	}
	fputc('"', out);
}

static bool print_if_text(FILE *out, fifolock_key_t key)
{
	bool printed = !key.bytes || is_text(key.bytes, key.n);

	if (!key.bytes)
		fprintf(out, "%" PRIu64, key.n);
	else if (printed)
		print_quoted(out, key.bytes, key.n);
	return printed;
}

void fl_print_key(FILE *out, fifolock_key_t key)
{
	if (print_if_text(out, key))
		return;
	fputs("x'", out);
	print_hex(out, key.bytes, key.n);
	fputc('\'', out);
}

void fl_print_json_key(FILE *out, fifolock_key_t key)
{
	if (print_if_text(out, key))
		return;
	fputs("{\"hex\": \"", out);
	print_hex(out, key.bytes, key.n);
	fputs("\"}", out);
}

void fl_print_json_text(FILE *out, const char *text)
{
	fl_print_json_key(out, fifolock_key_text(text));
}

void fl_print_mode(FILE *out, const fifolock_modes_t *modes, unsigned mode)
{
	if (modes->names[mode])
		fputs(modes->names[mode], out);
	else
		fprintf(out, "mode %u", mode);
}

void fl_print_json_mode(FILE *out, const fifolock_modes_t *modes, unsigned mode)
{
	if (modes->names[mode])
		fl_print_json_text(out, modes->names[mode]);
	else
		fprintf(out, "\"%u\"", mode);
}

void fl_print_owner(FILE *out, uint64_t owner, int thread)
{
	if (owner)
		fprintf(out, "owner %" PRIu64 " (thread %d)", owner, thread);
	else
		fprintf(out, "thread %d", thread);
}

void fl_print_claim(FILE *out, const fifolock_modes_t *modes, int from, unsigned mode,
		    uint32_t n, uint64_t age_ns)
{
	if (from >= 0) {
		fl_print_mode(out, modes, (unsigned)from);
		fputs(" -> ", out);
	}
	fl_print_mode(out, modes, mode);
	if (n != 1)
		fprintf(out, " x %" PRIu32, n);
	fprintf(out, " for %.3f s", (double)age_ns / 1e9);
}
