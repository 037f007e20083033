/*
 * long wait_for_stop(const int *wake, int *status, int options,
 *	struct rusage *usage)
 *
 * wait4() for any child, without the race between looking at *wake and going
 * to sleep: the handler of the wake signal sends a thread that it finds
 * between wait_begin and wait_end to wait_broken. Behind the instruction the
 * call itself has returned, with -EINTR if it was the signal that ended it.
 */
	.text
	.globl wait_for_stop, wait_begin, wait_end, wait_broken
	.hidden wait_for_stop, wait_begin, wait_end, wait_broken
	.type wait_for_stop, @function
wait_for_stop:
	.cfi_startproc
	endbr64
	mov %rdi, %r8
	mov %rcx, %r10
	mov $-1, %edi
wait_begin:
	cmpl $0, (%r8)
	jne wait_broken
	mov $61, %eax
	syscall
wait_end:
	ret
wait_broken:
	mov $-4, %rax
	ret
	.cfi_endproc
	.size wait_for_stop, . - wait_for_stop
	.section .note.GNU-stack, "", @progbits
