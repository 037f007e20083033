/* pipe, pipe2: ends, blocking, atomicity, signals, packets. */
#include "tests/conformance/harness.h"

CASE(bytes_come_out_in_order)
{
	char text[10];
	int p[2];

	EXPECT_OK(pipe(p));
	EXPECT_EQ(p[1], p[0] + 1);
	EXPECT_EQ(write(p[1], "abc", 3), 3);
	EXPECT_EQ(write(p[1], "def", 3), 3);
	EXPECT_EQ(read(p[0], text, 4), 4);
	EXPECT_MEM(text, "abcd", 4);
	EXPECT_EQ(read(p[0], text, 10), 2);
}

CASE(ends_go_one_way)
{
	char c;
	int p[2];

	MUST(pipe(p));
	EXPECT_ERRNO(read(p[1], &c, 1), EBADF);
	EXPECT_ERRNO(write(p[0], "x", 1), EBADF);
}

CASE(pipe2_flags)
{
	int p[2];

	EXPECT_OK(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	EXPECT_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(p[1], F_GETFL), O_WRONLY | O_NONBLOCK);
	EXPECT_EQ(fcntl(p[0], F_GETFL), O_RDONLY | O_NONBLOCK);
	EXPECT_ERRNO(pipe2(p, O_APPEND), EINVAL);
	EXPECT_ERRNO(pipe2(p, O_RDWR), EINVAL);
}

CASE(bad_address_takes_no_descriptors)
{
	int before = MUST(dup(0));

	close(before);
	EXPECT_ERRNO(pipe(conf_unmapped()), EFAULT);
	EXPECT_ERRNO(pipe(conf_read_only()), EFAULT);
	EXPECT_EQ(dup(0), before);
}

CASE(limit_for_two_descriptors_is_emfile)
{
	struct rlimit limit = {.rlim_max = 100};
	int p[2] = {-7, -7};
	int fd = MUST(dup(0));

	close(fd);
	limit.rlim_cur = fd + 1;
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_ERRNO(pipe(p), EMFILE);
	EXPECT_EQ(p[0], -7);
	EXPECT_EQ(dup(0), fd);
}

CASE(end_of_file_when_the_last_writer_goes)
{
	char c;
	int p[2];
	int copy;

	MUST(pipe(p));
	copy = MUST(dup(p[1]));
	close(p[1]);
	MUST(fcntl(p[0], F_SETFL, O_NONBLOCK));
	EXPECT_ERRNO(read(p[0], &c, 1), EAGAIN);
	MUST(write(copy, "x", 1));
	close(copy);
	EXPECT_EQ(read(p[0], &c, 1), 1);
	EXPECT_EQ(read(p[0], &c, 1), 0);
	EXPECT_EQ(read(p[0], &c, 1), 0);
}

CASE(writing_without_reader_is_epipe_and_sigpipe)
{
	int p[2];

	MUST(pipe(p));
	close(p[0]);
	conf_catch(SIGPIPE, 0);
	EXPECT_ERRNO(write(p[1], "x", 1), EPIPE);
	EXPECT_EQ(conf_caught, 1);
	signal(SIGPIPE, SIG_IGN);
	EXPECT_ERRNO(write(p[1], "x", 1), EPIPE);
	EXPECT_EQ(write(p[1], "x", 0), 0);
}

static void write_alone(void *data)
{
	int p[2];

	MUST(pipe(p));
	close(p[0]);
	write(p[1], "x", 1);
}

CASE(sigpipe_kills_by_default)
{
	EXPECT_EQ(conf_in_child(write_alone, NULL), KILLED(SIGPIPE));
}

CASE(holds_sixty_four_kilobytes)
{
	char text[4096] = "";
	size_t total = 0;
	ssize_t n;
	int p[2];

	MUST(pipe2(p, O_NONBLOCK));
	while ((n = write(p[1], text, sizeof(text))) > 0)
		total += n;
	EXPECT_EQ(total, 65536);
	EXPECT_ERRNO(write(p[1], text, 1), EAGAIN);
}

CASE(small_writes_are_whole_or_nothing)
{
	char text[65536] = "";
	int p[2];

	MUST(pipe2(p, O_NONBLOCK));
	EXPECT_EQ(write(p[1], text, 65536), 65536);
	EXPECT_EQ(read(p[0], text, 4096), 4096);
	EXPECT_ERRNO(write(p[1], text, 0) == 0 ? write(-1, "", 0) : 0, EBADF);
	EXPECT_EQ(write(p[1], text, 4096), 4096);
	EXPECT_ERRNO(write(p[1], text, 4096), EAGAIN);
}

CASE(large_nonblocking_write_is_partial)
{
	char *text = calloc(1, 100000);
	int p[2];

	MUST(pipe2(p, O_NONBLOCK));
	EXPECT_EQ(write(p[1], text, 100000), 65536);
}

CASE(large_write_waits_for_the_reader)
{
	size_t size = 300000;
	char *out = malloc(size);
	char *in = malloc(size);
	size_t got = 0;
	ssize_t n;
	pid_t pid;
	int p[2];

	for (size_t i = 0; i < size; i++)
		out[i] = i * 7 >> 2;
	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		EXPECT_EQ(write(p[1], out, size), size);
		_exit(0);
	}
	close(p[1]);
	while ((n = read(p[0], in + got, size - got)) > 0)
		got += n;
	EXPECT_EQ(got, size);
	EXPECT_MEM(in, out, size);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(reader_waits_for_the_writer)
{
	int p[2];
	pid_t pid;
	char c = 0;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		conf_sleep_ms(30);
		MUST(write(p[1], "x", 1));
		_exit(0);
	}
	EXPECT_EQ(read(p[0], &c, 1), 1);
	EXPECT_EQ(c, 'x');
	conf_wait(pid);
}

CASE(signal_breaks_a_waiting_read)
{
	int p[2];
	pid_t poker;
	char c;

	MUST(pipe(p));
	conf_catch(SIGUSR1, 0);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(read(p[0], &c, 1), EINTR);
	conf_poke_stop(poker);
}

CASE(signal_breaks_a_waiting_write_after_its_part)
{
	char *text = calloc(1, 100000);
	int p[2];
	pid_t poker;

	MUST(pipe(p));
	conf_catch(SIGUSR1, 0);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_EQ(write(p[1], text, 100000), 65536);
	EXPECT_ERRNO(write(p[1], text, 1), EINTR);
	conf_poke_stop(poker);
}

CASE(restarted_read_gets_its_data)
{
	int p[2];
	pid_t pid;
	char c = 0;

	MUST(pipe(p));
	conf_catch(SIGUSR1, SA_RESTART);
	pid = conf_fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++) {
			conf_sleep_ms(20);
			kill(getppid(), SIGUSR1);
		}
		conf_sleep_ms(20);
		MUST(write(p[1], "x", 1));
		_exit(0);
	}
	EXPECT_EQ(read(p[0], &c, 1), 1);
	EXPECT(conf_caught > 0);
	conf_wait(pid);
}

CASE(partial_read_at_the_end_of_memory)
{
	char *end = conf_guarded(10);
	char text[100] = "";
	int p[2];

	MUST(pipe2(p, O_NONBLOCK));
	MUST(write(p[1], text, 100));
	EXPECT_ERRNO(read(p[0], conf_unmapped(), 10), EFAULT);
	EXPECT_EQ(read(p[0], end, 10), 10);
	EXPECT_EQ(read(p[0], text, 100), 90);
}

CASE(packets_keep_their_borders)
{
	char text[100];
	int p[2];

	MUST(pipe2(p, O_DIRECT));
	MUST(write(p[1], "abc", 3));
	MUST(write(p[1], "de", 2));
	EXPECT_EQ(read(p[0], text, 100), 3);
	EXPECT_EQ(read(p[0], text, 1), 1);
	EXPECT_EQ(text[0], 'd');
	MUST(write(p[1], "f", 1));
	EXPECT_EQ(read(p[0], text, 100), 1);
	EXPECT_EQ(text[0], 'f');
}

CASE(many_writers_do_not_mix_their_lines)
{
	char lines[4096];
	size_t got = 0;
	ssize_t n;
	int p[2];

	MUST(pipe(p));
	for (int i = 0; i < 4; i++) {
		if (conf_fork() == 0) {
			char line[64];

			memset(line, 'a' + i, sizeof(line));
			for (int k = 0; k < 16; k++)
				MUST(write(p[1], line, sizeof(line)));
			_exit(0);
		}
	}
	close(p[1]);
	while ((n = read(p[0], lines + got, sizeof(lines) - got)) > 0)
		got += n;
	EXPECT_EQ(got, 4096);
	for (size_t i = 0; i < got; i += 64)
		for (size_t k = 1; k < 64; k++)
			REQUIRE(lines[i + k] == lines[i]);
}

CASE(poll_sees_both_ends)
{
	char text[65536] = "";
	struct pollfd f[2];
	int p[2];

	MUST(pipe(p));
	f[0] = (struct pollfd){p[0], POLLIN, 0};
	f[1] = (struct pollfd){p[1], POLLOUT, 0};
	EXPECT_EQ(poll(f, 2, 0), 1);
	EXPECT_EQ(f[1].revents, POLLOUT);
	MUST(write(p[1], text, 65536));
	EXPECT_EQ(poll(f, 2, 0), 1);
	EXPECT_EQ(f[0].revents, POLLIN);
	close(p[1]);
	EXPECT_EQ(poll(f, 1, 0), 1);
	EXPECT_EQ(f[0].revents, POLLIN | POLLHUP);
	while (read(p[0], text, 65536) > 0)
		;
	EXPECT_EQ(poll(f, 1, 0), 1);
	EXPECT_EQ(f[0].revents, POLLHUP);
	MUST(pipe(p));
	close(p[0]);
	f[1].fd = p[1];
	EXPECT_EQ(poll(f + 1, 1, 0), 1);
	EXPECT_EQ(f[1].revents, POLLOUT | POLLERR);
}

CASE(opening_a_pipe_again_through_proc)
{
	char path[40];
	char c;
	int p[2];
	int w;

	MUST(pipe(p));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	w = MUST(open(path, O_WRONLY));
	EXPECT_EQ(write(w, "x", 1), 1);
	EXPECT_EQ(read(p[0], &c, 1), 1);
}

CASE(write_from_the_end_of_memory_is_none_at_all)
{
	char *end = conf_guarded(100);
	char text[200];
	int p[2];

	MUST(pipe2(p, O_NONBLOCK));
	EXPECT_ERRNO(write(p[1], end, 101), EFAULT);
	EXPECT_ERRNO(write(p[1], conf_unmapped(), 1), EFAULT);
	EXPECT_ERRNO(read(p[0], text, sizeof(text)), EAGAIN);
	EXPECT_EQ(write(p[1], end, 100), 100);
	EXPECT_EQ(read(p[0], text, sizeof(text)), 100);
}

CASE(large_write_from_the_end_of_memory_is_cut_to_pages)
{
	char *end = conf_guarded(3 * 4096);
	char text[20000];
	int p[2];

	MUST(pipe2(p, O_NONBLOCK));
	EXPECT_EQ(write(p[1], end + 100, 20000), 2 * 4096);
	EXPECT_EQ(read(p[0], text, sizeof(text)), 2 * 4096);
}
