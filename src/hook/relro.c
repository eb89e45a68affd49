/* SPDX-License-Identifier: ISC */
#include "hook/relro.h"

#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* Where this program begins; the linker knows it by that name. */
extern ElfW(Ehdr) header __asm__("__ehdr_start")
    __attribute__((visibility("hidden")));

void
relro_protect(void)
{
	char *program = (char *)&header;
	const ElfW(Phdr) *part = (const void *)(program + header.e_phoff);
	uintptr_t page = getauxval(AT_PAGESZ);

	for (int n = header.e_phnum; n > 0; n--, part++) {
		/* whole pages, as the linker arranged it for a loader */
		uintptr_t before = (uintptr_t)(program + part->p_vaddr) % page;

		if (part->p_type == PT_GNU_RELRO)
			(void)mprotect(program + part->p_vaddr - before,
			    (before + part->p_memsz) / page * page, PROT_READ);
	}
}
