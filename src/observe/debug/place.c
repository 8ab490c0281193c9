/* SPDX-License-Identifier: MIT
 *
 * place.c - what an address in a program is called, for the debug build's reports.
 *
 * dladdr would say it, but takes the dynamic linker's lock: another thread may have it while it
 * waits, in a library's constructor, for a lock that the caller holds.  So the file and the
 * offset come from /proc/self/maps, and the name from the symbols that the file exports,
 * where it is mapped.
 */
#include "report.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A mapped file: where its first page is, and its name. */
struct object {
	uintptr_t base;
	char path[200];
};

struct line {
	uintptr_t begin, end;
	uint64_t offset;
	bool readable;
	char path[200];
};

/* /proc/self/maps, by characters. */
struct maps {
	int fd;
	ssize_t has, used;
	char bytes[512];
};

static int next_char(struct maps *maps)
{
	if (maps->used == maps->has) {
		maps->has = syscall(SYS_read, maps->fd, maps->bytes, sizeof(maps->bytes));
		maps->used = 0;
		if (maps->has <= 0) {
			maps->has = 0;
			return '\0';
		}
	}
	return (unsigned char)maps->bytes[maps->used++];
}

/* A hexadecimal number and what ends it. */
static uint64_t read_hex(struct maps *maps)
{
	uint64_t number = 0;
	int c;

	while ((c = next_char(maps)) != '\0') {
		if (c >= '0' && c <= '9')
			number = number << 4 | (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			number = number << 4 | (unsigned)(c - 'a' + 10);
		else
			break;
	}
	return number;
}

/* Its first character. */
static int skip_word(struct maps *maps)
{
	int c = next_char(maps), first = c;

	while (c != ' ' && c != '\n' && c != '\0')
		c = next_char(maps);
	return first;
}

static void read_path(struct maps *maps, char *path, size_t room)
{
	size_t n = 0;
	int c = next_char(maps);

	while (c == ' ')
		c = next_char(maps);
	for (; c != '\n' && c != '\0'; c = next_char(maps))
		if (n + 1 < room)
			path[n++] = (char)c;
	path[n] = '\0';
}

/* begin-end perms offset device inode path */
static bool read_line(struct maps *maps, struct line *line)
{
	line->begin = read_hex(maps);
	line->end = read_hex(maps);
	line->readable = skip_word(maps) == 'r';
	line->offset = read_hex(maps);
	skip_word(maps);
	skip_word(maps);
	read_path(maps, line->path, sizeof(line->path));
	return line->end != 0;
}

/* The mappings of one file follow each other; the first is of its beginning. */
static bool find_object(const void *at, struct object *object)
{
	struct maps maps = {0};
	struct line line;
	bool found = false;

	maps.fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps",
			       O_RDONLY | O_CLOEXEC);
	if (maps.fd < 0)
		return false;
	object->path[0] = '\0';
	while (!found && read_line(&maps, &line)) {
		if (line.offset == 0 && line.readable &&
		    strcmp(line.path, object->path) != 0) {
			object->base = line.begin;
			memcpy(object->path, line.path, sizeof(line.path));
		}
		found = (uintptr_t)at >= line.begin && (uintptr_t)at < line.end;
	}
	(void)syscall(SYS_close, maps.fd);
	return found && object->path[0] == '/' && strcmp(line.path, object->path) == 0;
}

struct symbols {
	const ElfW(Sym) * table;
	const char *names;
	uint32_t count;
};

/* How many symbols there are is nowhere said but in the hash tables. */
static uint32_t count_gnu(const uint32_t *hash)
{
	const uint32_t *buckets = hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / 4);
	const uint32_t *chains = buckets + hash[0];
	uint32_t last = 0;

	for (uint32_t i = 0; i < hash[0]; i++)
		last = buckets[i] > last ? buckets[i] : last;
	if (last < hash[1])
		return last;
	while (!(chains[last - hash[1]] & 1))
		last++;
	return last + 1;
}

static void read_dynamic(const ElfW(Dyn) * dynamic, uintptr_t bias, struct symbols *found)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		/* glibc has made them addresses, others leave them alone. */
		uintptr_t at = dynamic->d_un.d_ptr;
		const void *p = (const void *)(at < bias ? at + bias : at);

		if (dynamic->d_tag == DT_SYMTAB)
			found->table = p;
		else if (dynamic->d_tag == DT_STRTAB)
			found->names = p;
		else if (dynamic->d_tag == DT_HASH && sizeof(ElfW(Addr)) == 8)
			found->count = ((const uint32_t *)p)[1];
		else if (dynamic->d_tag == DT_GNU_HASH && !found->count)
			found->count = count_gnu(p);
	}
}

static const ElfW(Ehdr) * header_of(const struct object *object)
{
	const ElfW(Ehdr) *header = (const void *)object->base;

	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 ? header : NULL;
}

/* What a program that is not position-independent is linked for is its address. */
static uintptr_t bias_of(const struct object *object)
{
	const ElfW(Ehdr) *header = header_of(object);

	return header && header->e_type == ET_EXEC ? 0 : object->base;
}

static const char *symbol_at(const struct object *object, uintptr_t offset,
			     uintptr_t *behind)
{
	const ElfW(Ehdr) *header = header_of(object);
	const ElfW(Phdr) *part =
		header ? (const void *)(object->base + header->e_phoff) : NULL;
	struct symbols all = {0};

	for (unsigned i = 0; header && i < header->e_phnum; i++)
		if (part[i].p_type == PT_DYNAMIC)
			read_dynamic((const void *)(bias_of(object) + part[i].p_vaddr),
				     bias_of(object), &all);
	for (uint32_t i = 0; all.table && all.names && i < all.count; i++) {
		const ElfW(Sym) *symbol = &all.table[i];

		if (symbol->st_shndx != SHN_UNDEF && offset >= symbol->st_value &&
		    offset < symbol->st_value + symbol->st_size) {
			*behind = offset - symbol->st_value;
			return all.names + symbol->st_name;
		}
	}
	return NULL;
}

void fl_text_place(struct fl_text *text, const void *at)
{
	struct object object;
	uintptr_t offset, behind = 0;
	const char *name;
	int saved = errno;

	if (!find_object(at, &object)) {
		fl_text_hex(text, (uintptr_t)at);
		errno = saved;
		return;
	}
	offset = (uintptr_t)at - bias_of(&object);
	name = symbol_at(&object, offset, &behind);
	fl_text_add(text, object.path);
	fl_text_add(text, "(");
	if (name) {
		fl_text_add(text, name);
		fl_text_add(text, "+");
		fl_text_hex(text, behind);
	}
	fl_text_add(text, ") [+");
	fl_text_hex(text, offset);
	fl_text_add(text, "]");
	errno = saved;
}
