/*
 * The gate: the only system call instructions of the stub, each at the fixed
 * address that stub.h names (.org fails to assemble if code grows into the
 * next one), and the paths between them.
 *
 * In the stub %rbx is the signal frame to return through (0 before the first
 * entry into guest code), and the stack is the thread's own area, found by
 * the high bits of %rsp. All signals are blocked here.
 *
 * What follows clone in the child, and execveat when it fails, uses registers
 * only: other threads can change memory under us, but not keep a child from
 * reporting first of all, nor make a failed exec look like a fresh image.
 */
#include "platform/stub/stub.h"

#define SYS_RT_SIGRETURN	15
#define SYS_CLONE		56
#define SYS_PRCTL		157
#define SYS_EXECVEAT		322
#define AT_EMPTY_PATH		0x1000
#define PR_SET_PDEATHSIG	1
#define SIGKILL			9

/* Of enum stub_report and enum stub_action. */
#define REPORT_SIGNAL		1
#define REPORT_DONE		2
#define REPORT_CLONED		3
#define REPORT_CHILD		4
#define REPORT_STARTED		5
#define REPORT_EXEC_FAILED	6
#define ACTION_ENTER		2
#define ACTION_CLONE		3
#define ACTION_EXEC		4
#define AREA_FRAME		16	/* struct stub_area: frame */
#define AREA_CLONE		40	/* flags, area, ctid, tls */
#define AREA_EXEC		72	/* argv, envp */
#define FRAME_RAX		152	/* struct stub_frame: rax */

	.section .gate, "ax", @progbits
	.globl	stub_call, stub_start_gate, stub_handler, stub_restorer

/* Registers are set; returns to the caller. */
do_call:
	syscall			/* STUB_IP_CALL */
	ret

	.org	0x10
do_report:
	syscall			/* STUB_IP_REPORT */
	jmp	answered

	.org	0x20
do_clone:
	syscall			/* STUB_IP_CLONE */
	test	%rax, %rax
	jnz	cloned
	mov	%r12, %rbx
	mov	$PR_SET_PDEATHSIG, %edi
	mov	$SIGKILL, %esi
	mov	$SYS_PRCTL, %eax

	.org	0x40, 0x90	/* falls through */
	syscall			/* STUB_IP_CHILD */
	mov	%rsp, %rsi
	mov	$REPORT_CHILD, %edi
	mov	$STUB_REPORT_NR, %eax
	jmp	do_report

	.org	0x60
do_exec:
	syscall			/* STUB_IP_EXEC */
	mov	%rax, %rsi
	mov	$REPORT_EXEC_FAILED, %edi
	mov	$STUB_REPORT_NR, %eax
	jmp	do_report

	.org	STUB_GATE_SIZE
	.quad	0			/* STUB_EMPTY_PATH */
	.quad	1 << (STUB_KICK - 1)	/* STUB_KICK_SET */
	.quad	0, 0			/* STUB_NO_TIME */

	.org	0xc0
	syscall			/* STUB_TRACE_GATE: killed by our filter */
	int3
	.org	0xd0

cloned:
	mov	%rax, %rsi
	mov	$REPORT_CLONED, %edi
	jmp	report

stub_handler:
	mov	%rsp, %rbx
	mov	%rsp, %rdx
	mov	%rdi, %rsi
	mov	$REPORT_SIGNAL, %edi

report:
	mov	$STUB_REPORT_NR, %eax
	jmp	do_report

answered:
	mov	%rsp, %r13
	and	$-STUB_AREA_SIZE, %r13
	test	%rax, %rax
	js	gone
	jz	resume
	bt	$STUB_VALUE_BIT, %rax
	jc	resume_value
	cmp	$ACTION_ENTER, %eax
	je	enter
	cmp	$ACTION_CLONE, %eax
	je	clone
	cmp	$ACTION_EXEC, %eax
	je	exec

	mov	%r13, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	stub_run
	mov	%rbp, %rsp
	mov	%rax, %rsi
	mov	$REPORT_DONE, %edi
	jmp	report

/* The bits below the mark, with their sign. */
resume_value:
	shl	$(64 - STUB_VALUE_BIT), %rax
	sar	$(64 - STUB_VALUE_BIT), %rax
	mov	%rax, FRAME_RAX(%rbx)
	jmp	resume

enter:
	mov	AREA_FRAME(%r13), %rbx
resume:
	lea	8(%rbx), %rsp
stub_restorer:
	mov	$SYS_RT_SIGRETURN, %eax
	jmp	do_call

/* The sentry is gone, and nobody will answer any more: end by a fault. */
gone:
	hlt
	jmp	gone

clone:
	mov	%r13, %rdi
	mov	%rbx, %rsi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	stub_clone_prepare
	mov	%rbp, %rsp
	mov	%rax, %r12	/* the child's frame */
	mov	AREA_CLONE(%r13), %rdi
	xor	%esi, %esi	/* a copy goes on with the same stack */
	xor	%edx, %edx
	cmpq	$0, AREA_CLONE+8(%r13)
	cmovne	%rax, %rsi
	mov	AREA_CLONE+16(%r13), %r10
	mov	AREA_CLONE+24(%r13), %r8
	xor	%r9d, %r9d
	mov	$SYS_CLONE, %eax
	jmp	do_clone

exec:
	mov	$STUB_FD_FIRST, %edi
	mov	$STUB_EMPTY_PATH, %esi
	mov	AREA_EXEC(%r13), %rdx
	mov	AREA_EXEC+8(%r13), %r10
	mov	$AT_EMPTY_PATH, %r8d
	xor	%r9d, %r9d
	mov	$SYS_EXECVEAT, %eax
	jmp	do_exec

/* long stub_call(nr, six arguments) in C's convention */
stub_call:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	jmp	do_call

/* A fresh image: %rsp is the guest's new stack. */
	.globl	_start
_start:
	mov	%rsp, %r14
	mov	$(STUB_AREAS_START + STUB_AREA_SIZE - 64), %esp
	mov	%r14, %rdi
	call	stub_start
	xor	%ebx, %ebx
	mov	%rax, %rdx
	mov	%r14, %rsi
	mov	$REPORT_STARTED, %edi
	jmp	report

	.section .note.GNU-stack, "", @progbits
