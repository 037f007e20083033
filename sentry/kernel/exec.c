/*
 * execve(2): a new program in a fresh address space.
 *
 * Everything that can fail is done first: the program and its interpreters
 * are opened, checked and placed. Then the platform replaces the image by the
 * stub's (the host builds the stack from the guest's own argv and envp), the
 * segments are mapped as one batch, the stack is corrected, and the thread
 * enters the program. From the moment the old image is gone an error can only
 * kill (as on Linux).
 *
 *	open -> [script: write new argv] -> host exec -> map -> enter
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/checked.h"
#include "lib/log.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/kernel.h"
#include "sentry/loader/loader.h"
#include "sentry/mm/mapped.h"
#include "sentry/mm/uaccess.h"

#define SCRIPT_DEPTH 5 /* interpreters of interpreters: -ELOOP */
#define ARGV_LIMIT   (1u << 20)
#define BRK_RANDOM   0x02000000u
#define PAGE         4096u

struct exec_operation {
	char *name; /* owned: AT_EXECFN, comm */
	struct elf_image program;
	struct elf_image interp;
	bool has_interp;
	bool started; /* the old image is gone */
	bool secure;  /* AT_SECURE */

	/* A script: what stands before the old argv[1]. Owned strings. */
	char *words[2 * SCRIPT_DEPTH + 2];
	size_t word_count;

	uaddr_t argv, envp;
	struct start start;
	struct host_call calls[PLATFORM_CALLS_MAX];
	size_t call_count;
	size_t layout_call; /* index of the PR_SET_MM_MAP */
	uaddr_t area;       /* of the new argv of a script; 0: none */
	size_t area_size;
};

static void exec_operation_free(void *data)
{
	struct exec_operation *op = data;

	for (size_t i = 0; i < op->word_count; i++)
		free(op->words[i]);
	elf_finish(&op->program);
	elf_finish(&op->interp);
	free(op->name);
	free(op);
}

/* ---- Opening ----------------------------------------------------------- */

/* A program as execve() opens it: a regular file with permission to run. */
int exec_open(const struct walk *walk, const char *name, unsigned int flags,
	struct file **out)
{
	struct path path;
	int ret;

	ret = vfs_walk(walk, name, flags, &path);
	if (ret < 0)
		return ret;
	ret = exec_check(path, walk->cred);
	if (ret == 0)
		ret = file_open(path, O_RDONLY, NULL, out);
	path_put(path);
	return ret;
}

int exec_check(struct path path, const struct cred *cred)
{
	struct inode *inode = path.dentry->inode;

	if (S_ISLNK(inode->attr.mode))
		return -ELOOP;
	if (!S_ISREG(inode->attr.mode))
		return -EACCES;
	if (path.mount && path.mount->flags & MNT_NOEXEC)
		return -EACCES;
	if (inode->write_count > 0)
		return -ETXTBSY;
	return inode_permission(inode, cred, MAY_EXEC);
}

static int open_interpreter(struct task *t, const char *name, struct file **out)
{
	struct walk walk;
	int ret;

	ret = walk_start(t, AT_FDCWD, name, &walk);
	if (ret < 0)
		return ret;
	ret = exec_open(&walk, name, WALK_FOLLOW, out);
	walk_finish(&walk);
	return ret;
}

/* Words are collected back to front: the last script's stand first. */
static int push_word(struct exec_operation *op, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	op->words[op->word_count++] = copy;
	return 0;
}

static int push_script(struct exec_operation *op, const struct script *script,
	const char *name)
{
	int ret = 0;

	/* The name of a script is the first word of what its line becomes. */
	if (op->word_count == 0)
		ret = push_word(op, name);
	if (ret == 0 && script->has_arg)
		ret = push_word(op, script->arg);
	return ret < 0 ? ret : push_word(op, script->interp);
}

/*
 * Follows "#!" lines until a binary is found; *file is replaced as it goes
 * and stays the caller's to put.
 */
static int resolve_scripts(struct task *t, struct exec_operation *op,
	struct file **file, const char *name)
{
	char head[SCRIPT_LINE_MAX];
	struct script script;
	struct file *next;
	ssize_t got;
	int ret;

	for (int depth = 0;; depth++) {
		got = file_read_kernel(*file, head, sizeof(head), 0);
		if (got < 0)
			return (int)got;
		if (got < 2 || head[0] != '#' || head[1] != '!')
			return 0;
		ret = script_parse(head, (size_t)got, &script);
		if (ret < 0)
			return ret;
		if (depth >= SCRIPT_DEPTH)
			return -ELOOP;
		ret = push_script(op, &script, name);
		if (ret == 0)
			ret = open_interpreter(t, script.interp, &next);
		if (ret < 0)
			return ret;
		file_put(*file);
		*file = next;
	}
}

static int read_interp(struct task *t, struct exec_operation *op)
{
	struct file *file;
	int ret;

	if (!op->program.interp)
		return 0;
	ret = open_interpreter(t, op->program.interp, &file);
	if (ret < 0)
		return ret;
	ret = elf_read(file, &op->interp);
	file_put(file);
	if (ret < 0)
		return ret == -ENOEXEC ? -ELIBBAD : ret;
	op->has_interp = true;
	return 0;
}

/* Reads and places everything; nothing of the task has changed yet. */
static int exec_prepare(struct task *t, struct file *file, const char *name,
	struct exec_operation **out)
{
	struct exec_operation *op = alloc_zero(op);
	bool randomize = !(t->tg->personality & ADDR_NO_RANDOMIZE);
	int ret;

	if (!op)
		return -ENOMEM;
	op->name = strdup(name);
	file_get(file);
	ret = op->name ? resolve_scripts(t, op, &file, name) : -ENOMEM;
	if (ret == 0)
		ret = elf_read(file, &op->program);
	file_put(file);
	if (ret == 0)
		ret = read_interp(t, op);
	if (ret < 0) {
		exec_operation_free(op);
		return ret;
	}
	image_place(&op->program, false, randomize);
	if (op->has_interp)
		image_place(&op->interp, true, randomize);
	*out = op;
	return 0;
}

/* ---- The new task state ------------------------------------------------ */

static int unshare_for_exec(struct task *t)
{
	struct thread_group *tg = t->tg;

	if (t->fds->ref.count > 1) {
		struct fdtable *copy = fdtable_copy(t->fds);

		if (!copy)
			return -ENOMEM;
		fdtable_put(t->fds);
		t->fds = copy;
	}
	if (tg->sighand->ref.count > 1) {
		struct sighand *copy = sighand_copy(tg->sighand);

		if (!copy)
			return -ENOMEM;
		sighand_put(tg->sighand);
		tg->sighand = copy;
	}
	return 0;
}

static void set_comm(struct task *t, const char *name)
{
	const char *base = strrchr(name, '/');

	memset(t->comm, 0, sizeof(t->comm));
	strncpy(t->comm, base ? base + 1 : name, sizeof(t->comm) - 1);
}

static int new_mm(struct task *t)
{
	struct mm *mm = mm_new(t->thread->space->host_pid);

	if (!mm)
		return -ENOMEM;
	mm_put(t->mm);
	t->mm = mm;
	return 0;
}

/* The old image is gone: the task is another program from here on. */
static int exec_commit(struct task *t, struct exec_operation *op)
{
	struct thread_group *tg = t->tg;
	int ret;

	exit_other_threads(t);
	ret = unshare_for_exec(t);
	if (ret == 0)
		ret = new_mm(t);
	if (ret == 0)
		ret = exec_cred(t, op->program.file, &op->secure);
	if (ret < 0)
		return ret;
	fdtable_close_on_exec(t);
	signal_exec_reset(t);
	posix_timers_destroy(tg);
	set_comm(t, op->name);
	task_set_exe(t, op->program.file);
	t->robust_list = 0;
	t->clear_child_tid = 0;
	tg->exit_signal = tg->exit_signal ? SIGCHLD : 0;
	tg->did_exec = true;
	vfork_done(tg);
	return 0;
}

/* ---- Mapping ----------------------------------------------------------- */

/*
 * mm_struct's borders, for the host's brk() and for what it shows in
 * /proc/PID/stat. They go through a structure in guest memory, put below the
 * stack pointer where nothing is yet.
 */
static uaddr_t layout_address(const struct exec_operation *op)
{
	return (op->start.sp - 8192) & ~UINT64_C(15);
}

static void describe_layout(struct task *t, const struct exec_operation *op)
{
	const struct elf_image *image = &op->program;
	struct mm *mm = t->mm;
	uaddr_t random = 0;

	mm->start_code = UINT64_MAX;
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];
		uaddr_t start = image->bias + segment->addr;
		uaddr_t end = start + segment->file_size;

		mm->start_code = MIN(mm->start_code, start);
		if (segment->prot & PROT_EXEC)
			mm->end_code = MAX(mm->end_code, end);
		mm->start_data = MAX(mm->start_data, start);
		mm->end_data = MAX(mm->end_data, end);
	}
	mm->end_code = MAX(mm->end_code, mm->start_code);
	if (!(t->tg->personality & ADDR_NO_RANDOMIZE))
		random = (uaddr_t)(monotonic_now() ^ (int64_t)image->bias) *
				 UINT64_C(0x9e3779b97f4a7c15) >>
			 32;
	mm->start_brk = image->bias + image->high +
			(random % BRK_RANDOM & ~(uaddr_t)(PAGE - 1));
}

static int write_layout(struct task *t, struct exec_operation *op)
{
	const struct mm *mm = t->mm;
	struct prctl_mm_map map = {
		.start_code = mm->start_code,
		.end_code = mm->end_code,
		.start_data = mm->start_data,
		.end_data = mm->end_data,
		.start_brk = mm->start_brk,
		.brk = mm->start_brk,
		.start_stack = op->start.sp,
		.arg_start = op->start.sp,
		.arg_end = op->start.sp,
		.env_start = op->start.sp,
		.env_end = op->start.sp,
		.exe_fd = (uint32_t)-1,
	};

	op->layout_call = op->call_count;
	op->calls[op->call_count++] = (struct host_call){
		.nr = SYS_prctl,
		.args = {PR_SET_MM, PR_SET_MM_MAP, layout_address(op),
			sizeof(map), 0},
		.fd_arg = -1,
	};
	return copy_out(t->mm, layout_address(op), &map, sizeof(map));
}

/* Names are those of the sandbox's own root, whoever maps: one name a file. */
void file_note_mapped(struct file *file, int host_fd)
{
	char buf[VFS_PATH_MAX];
	struct path root;
	char *name;

	if (mapped_known(host_fd) || !init_task || !init_task->fs)
		return;
	root = mount_ns_root(init_task->fs->ns);
	name = path_name(file->path, root, buf, sizeof(buf));
	path_put(root);
	if (name)
		mapped_note(host_fd, name);
}

static int add_image(struct exec_operation *op, const struct elf_image *image,
	int index, int *host_fd)
{
	off_t host_off;
	int ret;

	if (!image->file->ops->map)
		return -ENOEXEC;
	ret = image->file->ops->map(image->file, PROT_READ | PROT_EXEC, false,
		0, image->high - image->low, host_fd, &host_off);
	if (ret < 0)
		return ret;
	file_note_mapped(image->file, *host_fd);
	ret = image_calls(image, index, host_off, &op->calls[op->call_count],
		PLATFORM_CALLS_MAX - 2 - op->call_count);
	if (ret < 0)
		return ret;
	op->call_count += (size_t)ret;
	return 0;
}

static int start_mapping(struct task *t, struct exec_operation *op)
{
	int fds[2];
	int count = 1;
	int ret;

	op->call_count = 0;
	ret = add_image(op, &op->program, 0, &fds[0]);
	if (ret == 0 && op->has_interp)
		ret = add_image(op, &op->interp, 1, &fds[count++]);
	if (ret < 0)
		return ret;
	if (op->program.executable_stack)
		op->calls[op->call_count++] = (struct host_call){
			.nr = SYS_mprotect,
			.args = {op->start.sp & ~(uaddr_t)(PAGE - 1), PAGE,
				PROT_READ | PROT_WRITE | PROT_EXEC |
					PROT_GROWSDOWN},
			.fd_arg = -1,
		};
	describe_layout(t, op);
	ret = write_layout(t, op);
	if (ret < 0)
		return ret;
	return platform_ops->thread_call(
		t->thread, op->calls, op->call_count, fds, (size_t)count);
}

static int check_mapped(const struct exec_operation *op)
{
	for (size_t i = 0; i < op->call_count; i++) {
		long result = op->calls[i].result;

		if (result < 0 && result > -4096 && op->calls[i].must_succeed)
			return (int)result;
	}
	return 0;
}

static int enter_program(struct task *t, struct exec_operation *op)
{
	const struct elf_image *first = op->has_interp ? &op->interp
						       : &op->program;
	struct stack_identity identity = {
		.execfn = op->name,
		.uid = t->cred->uid,
		.euid = t->cred->euid,
		.gid = t->cred->gid,
		.egid = t->cred->egid,
		.secure = op->secure,
	};
	uaddr_t sp;
	int ret;

	ret = check_mapped(op);
	if (ret == 0)
		ret = image_clear_tails(&op->program, t->mm);
	if (ret == 0 && op->has_interp)
		ret = image_clear_tails(&op->interp, t->mm);
	if (ret == 0)
		ret = stack_patch(t->mm, &op->start, &op->program,
			op->has_interp ? &op->interp : NULL, &identity, &sp);
	if (ret < 0)
		return ret;
	if (op->calls[op->layout_call].result < 0)
		log_warn("PR_SET_MM_MAP: %ld",
			op->calls[op->layout_call].result);
	t->enter_ip = first->bias + first->entry;
	t->enter_sp = sp;
	return 0;
}

/* ---- Steps ------------------------------------------------------------- */

static long area_unmapped(struct task *t, long result)
{
	return (long)t->call.progress; /* why exec failed */
}

static void exec_fail(struct task *t, long error)
{
	struct exec_operation *op = t->operation;
	uint64_t area[6] = {op->area, op->area_size};
	bool started = op->started;

	task_operation_done(t);
	if (!started) {
		t->call.progress = (uint64_t)error;
		if (!area[0] || task_host_call(t, SYS_munmap, area,
					area_unmapped) != -ENORETURN)
			call_finish(t, error);
		return;
	}
	log_info("exec of task %d failed late: %ld", t->pid, error);
	group_exit(t->tg, NULL, SIGKILL);
}

static void exec_finished(struct task *t)
{
	task_operation_done(t);
	call_entered(t);
}

static void exec_step(struct task *t, const struct event *event);

static void image_replaced(struct task *t, const struct event *event)
{
	struct exec_operation *op = t->operation;
	int ret;

	if (event->result < 0) {
		exec_fail(t, event->result);
		return;
	}
	op->started = true;
	op->start = event->start;
	ret = exec_commit(t, op);
	if (ret == 0)
		ret = start_mapping(t, op);
	if (ret < 0)
		exec_fail(t, ret);
}

static size_t pointer_count(struct task *t, uaddr_t argv)
{
	uint64_t chunk[64];
	size_t count = 0;
	size_t got;

	while (argv && count < ARGV_LIMIT) {
		got = copy_in_some(
			      t->mm, chunk, argv + count * 8, sizeof(chunk)) /
		      8;
		for (size_t i = 0; i < got; i++)
			if (chunk[i] == 0)
				return count + i;
		count += got;
		if (got < ARRAY_SIZE(chunk))
			break;
	}
	return count;
}

/* A script's argv: the words, then the old one without its first. */
static int map_argv(struct task *t, struct exec_operation *op)
{
	size_t size = (pointer_count(t, op->argv) + op->word_count + 2) * 8;

	for (size_t i = 0; i < op->word_count; i++)
		size += strlen(op->words[i]) + 1;
	op->area_size = size;
	op->calls[0] = (struct host_call){
		.nr = SYS_mmap,
		.args = {0, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0},
		.fd_arg = -1,
	};
	op->call_count = 1;
	return platform_ops->thread_call(t->thread, op->calls, 1, NULL, 0);
}

static int write_argv(struct task *t, struct exec_operation *op)
{
	uaddr_t area = op->area;
	size_t old = pointer_count(t, op->argv);
	size_t count = op->word_count + (old > 1 ? old - 1 : 0);
	uaddr_t strings = area + (count + 1) * 8;
	uint64_t *argv;
	int ret = 0;

	if ((count + 1) * 8 > op->area_size)
		return -EFAULT; /* another thread lengthened it */
	argv = alloc_array(count + 1, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	for (size_t i = 0; i < op->word_count && ret == 0; i++) {
		const char *word = op->words[op->word_count - 1 - i];
		size_t size = strlen(word) + 1;

		if (strings + size > area + op->area_size)
			ret = -EFAULT;
		else
			ret = copy_out(t->mm, strings, word, size);
		argv[i] = strings;
		strings += size;
	}
	if (ret == 0 && old > 1)
		ret = copy_in(t->mm, &argv[op->word_count], op->argv + 8,
			(old - 1) * 8);
	if (ret == 0)
		ret = copy_out(t->mm, area, argv, (count + 1) * 8);
	free(argv);
	op->argv = area;
	return ret;
}

static void calls_done(struct task *t, const struct event *event)
{
	struct exec_operation *op = t->operation;
	int ret;

	if (op->started) {
		ret = enter_program(t, op);
		if (ret == 0)
			exec_finished(t);
		else
			exec_fail(t, ret);
		return;
	}
	ret = 0;
	if (op->calls[0].result < 0 && op->calls[0].result > -4096)
		ret = (int)op->calls[0].result;
	else
		op->area = (uaddr_t)op->calls[0].result;
	if (ret == 0)
		ret = write_argv(t, op);
	if (ret == 0)
		ret = platform_ops->thread_exec(t->thread, op->argv, op->envp);
	if (ret < 0)
		exec_fail(t, ret);
}

static void exec_step(struct task *t, const struct event *event)
{
	switch (event->kind) {
	case EVENT_EXEC:
		image_replaced(t, event);
		break;
	case EVENT_CALLS:
		calls_done(t, event);
		break;
	default:
		break;
	}
}

long task_exec(struct task *t, struct file *file, const char *name,
	uaddr_t argv, uaddr_t envp)
{
	struct exec_operation *op;
	int ret;

	ret = exec_prepare(t, file, name, &op);
	if (ret < 0)
		return ret;
	op->argv = argv;
	op->envp = envp;
	if (op->word_count)
		ret = map_argv(t, op);
	else
		ret = platform_ops->thread_exec(t->thread, argv, envp);
	if (ret < 0) {
		exec_operation_free(op);
		return ret;
	}
	return task_operation(t, op, exec_step, exec_operation_free);
}

int task_exec_first(
	struct task *t, struct file *file, const char *name, char ***argv)
{
	struct exec_operation *op;
	size_t count = 0;
	char **words;
	int ret;

	ret = exec_prepare(t, file, name, &op);
	if (ret < 0)
		return ret;
	while ((*argv)[count])
		count++;
	words = alloc_array(op->word_count + count + 1, sizeof(*words));
	if (!words) {
		exec_operation_free(op);
		return -ENOMEM;
	}
	/* A script: its words instead of the program's own name. */
	for (size_t i = 0; i < op->word_count; i++)
		words[i] = op->words[op->word_count - 1 - i];
	if (op->word_count && count)
		memcpy(&words[op->word_count], *argv + 1,
			count * sizeof(*words));
	else
		memcpy(words, *argv, (count + 1) * sizeof(*words));
	*argv = words;
	task_operation(t, op, exec_step, exec_operation_free);
	return 0;
}
