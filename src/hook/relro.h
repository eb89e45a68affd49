/* SPDX-License-Identifier: ISC */
/*
 * What the linker laid out to be read-only once the program is relocated
 * (PT_GNU_RELRO in elf.h: pointers, and where shared objects would be found).
 * A dynamic loader makes it so, and glibc's start in a static program; that of
 * musl 1.2 does not.
 */
#ifndef RBLCACHE_RELRO_H
#define RBLCACHE_RELRO_H

/*
 * Makes this program's read-only. Where that is done already nothing changes,
 * and where the kernel refuses it stays writable; nobody is told.
 */
void relro_protect(void);

#endif
