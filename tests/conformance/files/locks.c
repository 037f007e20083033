/* Record locks (POSIX and of open files) and flock. */
#include "tests/conformance/harness.h"

#include <sys/file.h>

static int lock(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock l = {.l_type = type, .l_start = start, .l_len = len};

	return fcntl(fd, cmd, &l);
}

/* What stands in the way of a write lock, as another process sees it. */
static void seen_by_other(int fd, off_t start, off_t len, struct flock *seen)
{
	struct flock *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = conf_fork();

	if (pid == 0) {
		shared->l_type = F_WRLCK;
		shared->l_start = start;
		shared->l_len = len;
		MUST(fcntl(fd, F_GETLK, shared));
		_exit(0);
	}
	conf_wait(pid);
	*seen = *shared;
	munmap(shared, 4096);
}

CASE(other_process_sees_owner_and_range)
{
	struct flock seen;
	int fd = conf_file("f", "");

	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 10, 20));
	seen_by_other(fd, 0, 0, &seen);
	EXPECT_EQ(seen.l_type, F_WRLCK);
	EXPECT_EQ(seen.l_start, 10);
	EXPECT_EQ(seen.l_len, 20);
	EXPECT_EQ(seen.l_pid, getpid());
	seen_by_other(fd, 0, 10, &seen);
	EXPECT_EQ(seen.l_type, F_UNLCK);
}

CASE(own_lock_is_never_in_the_way)
{
	struct flock l = {.l_type = F_WRLCK};
	int fd = conf_file("f", "");
	int other = MUST(open("f", O_RDWR));

	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	EXPECT_OK(lock(other, F_SETLK, F_WRLCK, 0, 0));
	EXPECT_OK(fcntl(fd, F_GETLK, &l));
	EXPECT_EQ(l.l_type, F_UNLCK);
}

CASE(unlocking_the_middle_splits)
{
	struct flock seen;
	int fd = conf_file("f", "");

	MUST(lock(fd, F_SETLK, F_WRLCK, 0, 100));
	MUST(lock(fd, F_SETLK, F_UNLCK, 40, 20));
	seen_by_other(fd, 0, 0, &seen);
	EXPECT_EQ(seen.l_start, 0);
	EXPECT_EQ(seen.l_len, 40);
	seen_by_other(fd, 40, 0, &seen);
	EXPECT_EQ(seen.l_start, 60);
	EXPECT_EQ(seen.l_len, 40);
}

CASE(neighbours_join_and_kinds_change_in_place)
{
	struct flock seen;
	int fd = conf_file("f", "");

	MUST(lock(fd, F_SETLK, F_WRLCK, 0, 10));
	MUST(lock(fd, F_SETLK, F_WRLCK, 10, 10));
	seen_by_other(fd, 0, 0, &seen);
	EXPECT_EQ(seen.l_len, 20);
	MUST(lock(fd, F_SETLK, F_RDLCK, 5, 5));
	seen_by_other(fd, 5, 1, &seen);
	EXPECT_EQ(seen.l_type, F_RDLCK);
	EXPECT_EQ(seen.l_start, 5);
	EXPECT_EQ(seen.l_len, 5);
}

CASE(closing_any_descriptor_of_the_file_drops_the_locks)
{
	struct flock seen;
	int fd = conf_file("f", "");

	MUST(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	close(MUST(open("f", O_RDONLY)));
	seen_by_other(fd, 0, 0, &seen);
	EXPECT_EQ(seen.l_type, F_UNLCK);
}

CASE(conflict_is_eagain_and_readers_share)
{
	int fd = conf_file("f", "");
	pid_t pid;

	MUST(lock(fd, F_SETLK, F_RDLCK, 0, 10));
	pid = conf_fork();
	if (pid == 0) {
		EXPECT_OK(lock(fd, F_SETLK, F_RDLCK, 0, 10));
		EXPECT_ERRNO(lock(fd, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
		EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 10, 1));
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(kind_of_lock_needs_the_access_mode)
{
	int ro;
	int wo;

	close(conf_file("f", ""));
	ro = MUST(open("f", O_RDONLY));
	wo = MUST(open("f", O_WRONLY));
	EXPECT_ERRNO(lock(ro, F_SETLK, F_WRLCK, 0, 0), EBADF);
	EXPECT_ERRNO(lock(wo, F_SETLK, F_RDLCK, 0, 0), EBADF);
	EXPECT_OK(lock(ro, F_SETLK, F_RDLCK, 0, 0));
	EXPECT_OK(lock(ro, F_SETLK, F_UNLCK, 0, 0));
}

CASE(ranges_are_checked)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_END};
	int fd = conf_file("f", "0123456789");

	EXPECT_ERRNO(lock(fd, F_SETLK, F_WRLCK, -1, 1), EINVAL);
	EXPECT_ERRNO(lock(fd, F_SETLK, F_WRLCK, 5, -6), EINVAL);
	EXPECT_ERRNO(lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 2), EOVERFLOW);
	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 1));
	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 5, -5));
	EXPECT_ERRNO(lock(fd, F_SETLK, 7, 0, 1), EINVAL);
	l.l_start = -3;
	l.l_len = 1;
	EXPECT_OK(fcntl(fd, F_SETLK, &l));
	l.l_whence = 9;
	EXPECT_ERRNO(fcntl(fd, F_SETLK, &l), EINVAL);
	EXPECT_ERRNO(fcntl(fd, F_SETLK, conf_unmapped()), EFAULT);
}

CASE(waiting_ends_when_the_owner_goes)
{
	int p[2];
	int fd = conf_file("f", "");
	pid_t pid;
	char c;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		MUST(lock(fd, F_SETLK, F_WRLCK, 0, 0));
		MUST(write(p[1], "x", 1));
		conf_sleep_ms(30);
		_exit(0);
	}
	EXPECT_EQ(read(p[0], &c, 1), 1);
	EXPECT_ERRNO(lock(fd, F_SETLK, F_WRLCK, 0, 0), EAGAIN);
	EXPECT_OK(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(signal_breaks_the_wait)
{
	int p[2];
	int fd = conf_file("f", "");
	pid_t pid;
	pid_t poker;
	char c;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		MUST(lock(fd, F_SETLK, F_WRLCK, 0, 0));
		MUST(write(p[1], "x", 1));
		pause();
		_exit(0);
	}
	EXPECT_EQ(read(p[0], &c, 1), 1);
	conf_catch(SIGUSR1, 0);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(lock(fd, F_SETLKW, F_WRLCK, 0, 0), EINTR);
	conf_poke_stop(poker);
	kill(pid, SIGKILL);
	conf_wait(pid);
}

CASE(deadlock_is_refused)
{
	int p[2];
	int fd = conf_file("f", "");
	pid_t pid;
	char c;

	MUST(pipe(p));
	MUST(lock(fd, F_SETLK, F_WRLCK, 0, 1));
	pid = conf_fork();
	if (pid == 0) {
		MUST(lock(fd, F_SETLK, F_WRLCK, 1, 1));
		MUST(write(p[1], "x", 1));
		/* Waits for the parent, which then must not wait for us. */
		EXPECT_OK(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
		_exit(0);
	}
	EXPECT_EQ(read(p[0], &c, 1), 1);
	conf_sleep_ms(50);
	EXPECT_ERRNO(lock(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	MUST(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(open_file_locks_belong_to_the_open_file)
{
	int a = conf_file("f", "");
	int b = MUST(open("f", O_RDWR));
	struct flock l = {.l_type = F_WRLCK};

	EXPECT_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
	EXPECT_ERRNO(lock(b, F_OFD_SETLK, F_WRLCK, 0, 0), EAGAIN);
	EXPECT_ERRNO(lock(b, F_SETLK, F_WRLCK, 0, 0), EAGAIN);
	EXPECT_OK(fcntl(b, F_OFD_GETLK, &l));
	EXPECT_EQ(l.l_type, F_WRLCK);
	EXPECT_EQ(l.l_pid, -1);
	l.l_pid = 1;
	EXPECT_ERRNO(fcntl(a, F_OFD_SETLK, &l), EINVAL);
	close(a);
	EXPECT_OK(lock(b, F_OFD_SETLK, F_WRLCK, 0, 0));
}

CASE(open_file_locks_survive_until_the_last_dup_closes)
{
	int a = conf_file("f", "");
	int copy = MUST(dup(a));
	int b = MUST(open("f", O_RDWR));

	MUST(lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
	close(a);
	EXPECT_ERRNO(lock(b, F_OFD_SETLK, F_RDLCK, 0, 0), EAGAIN);
	close(copy);
	EXPECT_OK(lock(b, F_OFD_SETLK, F_RDLCK, 0, 0));
}

CASE(flock_conflicts_between_opens_and_not_between_dups)
{
	int a = conf_file("f", "");
	int b = MUST(open("f", O_RDONLY));

	EXPECT_OK(flock(a, LOCK_EX));
	EXPECT_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	EXPECT_OK(flock(MUST(dup(a)), LOCK_EX | LOCK_NB));
	EXPECT_OK(flock(a, LOCK_SH));
	EXPECT_OK(flock(b, LOCK_SH | LOCK_NB));
	EXPECT_ERRNO(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
}

CASE(flock_goes_with_the_last_close)
{
	int a = conf_file("f", "");
	int copy = MUST(dup(a));
	int b = MUST(open("f", O_RDONLY));

	MUST(flock(a, LOCK_EX));
	close(a);
	EXPECT_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	close(copy);
	EXPECT_OK(flock(b, LOCK_EX | LOCK_NB));
}

CASE(flock_and_record_locks_do_not_meet)
{
	int a = conf_file("f", "");
	int fd = MUST(open("f", O_RDWR));
	pid_t pid;

	MUST(flock(a, LOCK_EX));
	pid = conf_fork();
	if (pid == 0) {
		EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(flock_errors)
{
	int fd = conf_file("f", "");

	EXPECT_ERRNO(flock(-1, LOCK_EX), EBADF);
	EXPECT_ERRNO(flock(fd, 0), EINVAL);
	EXPECT_ERRNO(flock(fd, LOCK_SH | LOCK_EX), EINVAL);
	EXPECT_OK(flock(fd, LOCK_UN));
	EXPECT_OK(flock(MUST(open(".", O_RDONLY)), LOCK_EX));
}

CASE(flock_waits_and_is_broken_by_signals)
{
	int a = conf_file("f", "");
	int b = MUST(open("f", O_RDONLY));
	pid_t poker;

	MUST(flock(a, LOCK_EX));
	conf_catch(SIGUSR1, 0);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(flock(b, LOCK_EX), EINTR);
	conf_poke_stop(poker);
}
