/* SPDX-License-Identifier: ISC */
/*
 * What no hook can undercut: execs the program of its first argument, or ends
 * where there is none. No C library starts before it.
 */
#ifndef __x86_64__
#error "only x86-64 is written out here"
#endif

/* the stack at the start: argc, argv, NULL, environ, NULL (psABI 3.4.1);
   system calls 59 and 60 are execve and exit */
__asm__(".globl _start\n"
	"_start:\n"
	"	mov (%rsp), %rcx\n"
	"	xor %edi, %edi\n"
	"	cmp $2, %rcx\n"
	"	jb 1f\n"
	"	mov 16(%rsp), %rdi\n"
	"	lea 16(%rsp), %rsi\n"
	"	lea 16(%rsp, %rcx, 8), %rdx\n"
	"	mov $59, %eax\n"
	"	syscall\n"
	"	mov $111, %edi\n"
	"1:	mov $60, %eax\n"
	"	syscall\n");
