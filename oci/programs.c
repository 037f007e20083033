/* Finding our programs. See the header. */
#include "oci/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[PROGRAM_COUNT] = {
	[PROGRAM_SENTRY] = "sentry",
	[PROGRAM_GOFER] = "gofer",
	[PROGRAM_BROKER] = "procbroker",
	[PROGRAM_STUB] = "stub",
};

const char *program_name(enum program program)
{
	return names[program];
}

const char *program_folder(struct error *error)
{
	static char folder[PATH_MAX];
	ssize_t size = 0;
	char *slash;

	if (folder[0])
		return folder;
	size = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	if (size < 0) {
		/* No /proc: what the kernel was told to execute, then. */
		const char *name = (const char *)getauxval(AT_EXECFN);

		if (!name || !realpath(name, folder)) {
			folder[0] = 0;
			error_set(error,
				"cannot find our own programs: %s; "
				"is /proc mounted?",
				strerror(errno));
			return NULL;
		}
	} else {
		folder[size] = 0;
	}
	slash = strrchr(folder, '/');
	if (slash)
		*slash = 0;
	return folder;
}

/* A build keeps its programs in folders of their sources: NAME/NAME. */
static int try_open(const char *folder, const char *name)
{
	char path[PATH_MAX * 2];
	struct stat st;
	int fd;

	for (unsigned int i = 0; i < 2; i++) {
		if (i == 0)
			snprintf(path, sizeof(path), "%s/%s", folder, name);
		else
			snprintf(path, sizeof(path), "%s/%s/%s", folder, name,
				name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
			(st.st_mode & 0111))
			return fd;
		close(fd);
	}
	return -1;
}

int program_open(enum program program, struct error *error)
{
	const char *folder = program_folder(error);
	char beside[PATH_MAX + 32];
	int fd;

	if (!folder)
		return -1;
	snprintf(beside, sizeof(beside), "%s/../libexec/sandbox", folder);
	fd = try_open(beside, names[program]);
	if (fd < 0)
		fd = try_open(folder, names[program]);
	if (fd < 0)
		fd = try_open(SANDBOX_LIBEXECDIR, names[program]);
	if (fd < 0)
		error_set(error,
			"cannot find the program \"%s\" in %s or %s; "
			"build or install sandbox again",
			names[program], folder, SANDBOX_LIBEXECDIR);
	return fd;
}
