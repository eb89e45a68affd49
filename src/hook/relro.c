/* SPDX-License-Identifier: ISC */
#include "hook/relro.h"

#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* The linker's name for where this program begins. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

void
relro_protect(void)
{
	char *program = (char *)(uintptr_t)&__ehdr_start;
	const ElfW(Phdr) *part = (const void *)(program + __ehdr_start.e_phoff);
	uintptr_t page = getauxval(AT_PAGESZ);

	for (int n = __ehdr_start.e_phnum; n > 0; n--, part++) {
		/* whole pages, as the linker arranged it for a loader */
		uintptr_t before = (uintptr_t)(program + part->p_vaddr) % page;

		if (part->p_type == PT_GNU_RELRO)
			(void)mprotect(program + part->p_vaddr - before,
			    (before + part->p_memsz) / page * page, PROT_READ);
	}
}
