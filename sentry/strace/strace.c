/*
 * The lines of the trace: entry, exit, signals, deaths.
 */
#include "sentry/strace/strace.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sentry/strace/arg.h"
#include "sentry/strace/show.h"

/* Room that the arguments leave for the result. */
#define RESULT_SIZE 512
/* Results from here down are errors, as in the kernel. */
#define MAX_ERRNO 4095

static void emit(int host_fd, struct text *t)
{
	ssize_t ret;

	/* The newline stands even behind a line that was cut. */
	if (t->used == t->size)
		t->used--;
	t->data[t->used++] = '\n';
	do {
		ret = write(host_fd, t->data, t->used);
	} while (ret < 0 && errno == EINTR);
}

void strace_enter(struct strace_line *line, int pid, struct mm *mm,
	const struct sysent *entry, long nr,
	const uint64_t args[SYSCALL_ARGS_MAX])
{
	struct text text;
	int count;

	line->active = true;
	line->pid = pid;
	line->nr = nr;
	memcpy(line->args, args, sizeof(line->args));
	memset(line->saved, 0, sizeof(line->saved));
	memset(line->end, 0, sizeof(line->end));
	if (entry == NULL)
		return;

	text_init(&text, line->text, sizeof(line->text));
	count = arg_count(entry, args);
	for (int i = 0; i < count; i++) {
		if (arg_is_output(entry, args, i)) {
			line->saved[i] = arg_save(entry, args, i, mm);
		} else {
			struct arg a = {.text = &text,
				.mm = mm,
				.entry = entry,
				.args = line->args,
				.index = i};

			arg_print(&a);
		}
		line->end[i] = (uint16_t)text.used;
	}
}

static void print_args(struct text *t, const struct strace_line *line,
	struct mm *mm, const struct sysent *entry, long result)
{
	int count = arg_count(entry, line->args);

	for (int i = 0; i < count; i++) {
		size_t start = i != 0 ? line->end[i - 1] : 0;
		struct arg a = {.text = t,
			.mm = mm,
			.entry = entry,
			.args = line->args,
			.index = i,
			.at_exit = true,
			.result = result,
			.saved = line->saved[i]};

		if (i != 0)
			text_puts(t, ", ");
		if (!arg_is_output(entry, line->args, i))
			text_bytes(t, line->text + start, line->end[i] - start);
		else if (mm != NULL)
			arg_print(&a);
		else
			text_pointer(t, line->args[i]);
	}
}

/* Kernel-internal codes that a tracer sees; see kernel/task.h. */
static bool print_restart(struct text *t, long result)
{
	switch (-result) {
	case 512:
		text_puts(t, "? ERESTARTSYS (To be restarted if SA_RESTART "
			     "is set)");
		return true;
	case 513:
		text_puts(t, "? ERESTARTNOINTR (To be restarted)");
		return true;
	case 514:
		text_puts(t, "? ERESTARTNOHAND (To be restarted if no "
			     "handler)");
		return true;
	case 516:
		text_puts(t, "? ERESTART_RESTARTBLOCK (Interrupted by "
			     "signal)");
		return true;
	default:
		return false;
	}
}

static void print_unknown(struct text *t, const struct strace_line *line)
{
	text_printf(t, "syscall_%#lx(", (unsigned long)line->nr);
	for (int i = 0; i < SYSCALL_ARGS_MAX; i++)
		text_printf(t, "%s%#llx", i != 0 ? ", " : "",
			(unsigned long long)line->args[i]);
}

/* The part up to the closing parenthesis and the equals sign. */
static void print_call(struct text *t, const struct strace_line *line,
	struct mm *mm, const struct sysent *entry, long result)
{
	text_printf(t, "[pid %5d] ", line->pid);
	if (entry == NULL) {
		print_unknown(t, line);
	} else {
		text_printf(t, "%s(", entry->name);
		print_args(t, line, mm, entry, result);
	}
}

void strace_exit(struct strace_line *line, struct mm *mm,
	const struct sysent *entry, int host_fd, long result)
{
	char bytes[STRACE_LINE_SIZE];
	struct text t;

	if (!line->active)
		return;
	line->active = false;
	text_init(&t, bytes, sizeof(bytes) - RESULT_SIZE);
	print_call(&t, line, mm, entry, result);
	/* Cut or not: the result has its own room. */
	t.size = sizeof(bytes);
	t.cut = false;
	text_puts(&t, ") = ");
	if (result < 0 && result >= -MAX_ERRNO) {
		if (!print_restart(&t, result)) {
			text_puts(&t, "-1 ");
			text_error(&t, (int)-result);
		}
	} else if (entry != NULL) {
		struct arg a = {.text = &t,
			.mm = mm,
			.entry = entry,
			.args = line->args,
			.at_exit = true,
			.result = result};

		arg_print_result(&a);
	} else {
		text_printf(&t, "%ld", result);
	}
	emit(host_fd, &t);
}

void strace_exit_never(
	struct strace_line *line, const struct sysent *entry, int host_fd)
{
	char bytes[STRACE_LINE_SIZE];
	struct text t;

	if (!line->active)
		return;
	line->active = false;
	text_init(&t, bytes, sizeof(bytes) - RESULT_SIZE);
	print_call(&t, line, NULL, entry, -1);
	t.size = sizeof(bytes);
	t.cut = false;
	text_puts(&t, ") = ?");
	emit(host_fd, &t);
}

void strace_signal(int pid, int signo, const void *info, int host_fd)
{
	char bytes[512];
	struct text t;

	text_init(&t, bytes, sizeof(bytes));
	text_printf(&t, "[pid %5d] --- ", pid);
	text_signal(&t, (uint64_t)(int64_t)signo);
	text_puts(&t, " ");
	show_siginfo_bytes(&t, info);
	text_puts(&t, " ---");
	emit(host_fd, &t);
}

void strace_death(int pid, int status, int host_fd)
{
	char bytes[128];
	struct text t;

	text_init(&t, bytes, sizeof(bytes));
	text_printf(&t, "[pid %5d] +++ ", pid);
	if (WIFSIGNALED(status)) {
		text_puts(&t, "killed by ");
		text_signal(&t, (uint64_t)WTERMSIG(status));
		if (WCOREDUMP(status))
			text_puts(&t, " (core dumped)");
	} else {
		text_printf(&t, "exited with %d", WEXITSTATUS(status));
	}
	text_puts(&t, " +++");
	emit(host_fd, &t);
}
