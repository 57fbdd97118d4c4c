/* SPDX-License-Identifier: BSD-3-Clause */
#include "library_copy.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <rte_common.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct library_copy {
	uint8_t *start;
	size_t size;
	intptr_t distance;
};

/* A library that is loaded: where it is, and its program headers. */
struct library {
	const void *function; /* the function by which it is found */
	const char *file;
	uint8_t *base; /* the library's addresses are counted from here */
	const ElfW(Phdr) * headers;
	size_t header_count;
	uint8_t *start; /* its first page in memory */
	uint8_t *end;   /* the end of its last page */
};

/* Whole pages that are loaded from the file. */
struct segment {
	uint8_t *start;
	size_t size;
	off_t offset; /* in the file */
	int protection;
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static struct segment segment_of(const struct library *library, const ElfW(Phdr) * header)
{
	size_t page = page_size(), inside = header->p_vaddr % page;

	return (struct segment){
		.start = library->base + header->p_vaddr - inside,
		.size = RTE_ALIGN_CEIL(inside + header->p_memsz, page),
		.offset = (off_t)(header->p_offset - inside),
		.protection = (header->p_flags & PF_R ? PROT_READ : 0) |
			      (header->p_flags & PF_W ? PROT_WRITE : 0) |
			      (header->p_flags & PF_X ? PROT_EXEC : 0),
	};
}

static void measure(struct library *library)
{
	library->start = library->end = NULL;
	for (size_t i = 0; i < library->header_count; i++) {
		struct segment segment = segment_of(library, &library->headers[i]);

		if (library->headers[i].p_type != PT_LOAD)
			continue;
		if (!library->start || segment.start < library->start)
			library->start = segment.start;
		if (segment.start + segment.size > library->end)
			library->end = segment.start + segment.size;
	}
}

/* For dl_iterate_phdr(): returns 1 to end the search. The program itself is also visited, with an
 * empty name. */
static int is_it(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct library *wanted = arg, this = {
					      .function = wanted->function,
					      .file = info->dlpi_name,
					      .base = (uint8_t *)info->dlpi_addr,
					      .headers = info->dlpi_phdr,
					      .header_count = info->dlpi_phnum,
				      };
	const uint8_t *function = wanted->function;

	measure(&this);
	if (!this.file || this.file[0] == '\0' || function < this.start || function >= this.end)
		return 0;
	*wanted = this;
	return 1;
}

/* --- copying ------------------------------------------------------------------------------- */

/* Copies variables with their present values; addresses in them are set already. */
static int copy_variables(const struct segment *segment, uint8_t *to)
{
	if (mmap(to, segment->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		return -errno;
	memcpy(to, segment->start, segment->size);
	return 0;
}

/* Maps code or constants from the file. They must be the same as those in memory. */
static int map_again(const struct segment *segment, uint8_t *to, int file)
{
	if (mmap(to, segment->size, segment->protection, MAP_PRIVATE | MAP_FIXED, file,
		 segment->offset) == MAP_FAILED)
		return -errno;
	return memcmp(to, segment->start, segment->size) == 0 ? 0 : -ENOTSUP;
}

static int copy_segments(const struct library *library, struct library_copy *copy, int file)
{
	for (size_t i = 0; i < library->header_count; i++) {
		struct segment segment = segment_of(library, &library->headers[i]);
		uint8_t *to = segment.start + copy->distance;
		int status;

		if (library->headers[i].p_type != PT_LOAD)
			continue;
		status = segment.protection & PROT_WRITE ? copy_variables(&segment, to)
							 : map_again(&segment, to, file);
		if (status != 0)
			return status;
	}
	return 0;
}

/* Reserve address space for the whole copy. */
static int reserve(const struct library *library, struct library_copy *copy)
{
	void *start;

	copy->size = (size_t)(library->end - library->start);
	start = mmap(NULL, copy->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		     0);
	if (start == MAP_FAILED)
		return -errno;
	copy->start = start;
	copy->distance = copy->start - library->start;
	return 0;
}

int library_copy_new(const void *function, struct library_copy **ret_copy)
{
	struct library library = {.function = function};
	struct library_copy *copy;
	int file, status;

	if (dl_iterate_phdr(is_it, &library) == 0)
		return -ENOENT;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	file = open(library.file, O_RDONLY | O_CLOEXEC);
	status = file < 0 ? -errno : reserve(&library, copy);
	if (status == 0)
		status = copy_segments(&library, copy, file);
	if (file >= 0)
		close(file);
	if (status != 0) {
		library_copy_free(copy);
		return status;
	}
	*ret_copy = copy;
	return 0;
}

void library_copy_free(struct library_copy *copy)
{
	if (!copy)
		return;
	if (copy->start)
		munmap(copy->start, copy->size);
	free(copy);
}

intptr_t library_copy_distance(const struct library_copy *copy)
{
	return copy->distance;
}
