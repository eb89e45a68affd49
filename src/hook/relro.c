/* SPDX-License-Identifier: ISC */
#include "hook/relro.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static int
protect(struct dl_phdr_info *program, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	for (size_t i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &program->dlpi_phdr[i];
		uintptr_t from = program->dlpi_addr + part->p_vaddr;
		uintptr_t to = from + part->p_memsz;

		if (part->p_type != PT_GNU_RELRO)
			continue;
		/* whole pages, as the linker arranged it for a loader */
		from -= from % page;
		to -= to % page;
		/* NOLINTNEXTLINE(performance-no-int-to-ptr): a loader's work */
		(void)mprotect((void *)from, to - from, PROT_READ);
	}
	return 1; /* the program comes first, and is enough */
}

void
relro_protect(void)
{
	dl_iterate_phdr(protect, NULL);
}
