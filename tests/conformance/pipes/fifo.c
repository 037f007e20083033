/* Named pipes: how opening waits, and what it refuses. */
#include "tests/conformance/harness.h"

CASE(nonblocking_reader_opens_at_once_and_writer_is_enxio)
{
	char c;
	int r;

	MUST(mkfifo("p", 0600));
	EXPECT_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	r = MUST(open("p", O_RDONLY | O_NONBLOCK));
	EXPECT_EQ(read(r, &c, 1), 0);
	EXPECT_OK(open("p", O_WRONLY | O_NONBLOCK));
	EXPECT_ERRNO(read(r, &c, 1), EAGAIN);
}

CASE(both_modes_open_at_once_and_talk_to_themselves)
{
	char c;
	int fd;

	MUST(mkfifo("p", 0600));
	fd = MUST(open("p", O_RDWR));
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(read(fd, &c, 1), 1);
}

CASE(reader_and_writer_wait_for_each_other)
{
	pid_t pid;
	char c = 0;
	int fd;

	MUST(mkfifo("p", 0600));
	pid = conf_fork();
	if (pid == 0) {
		conf_sleep_ms(30);
		fd = MUST(open("p", O_WRONLY));
		MUST(write(fd, "x", 1));
		_exit(0);
	}
	fd = MUST(open("p", O_RDONLY));
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_EQ(read(fd, &c, 1), 0);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(signal_breaks_the_open)
{
	pid_t poker;

	MUST(mkfifo("p", 0600));
	conf_catch(SIGUSR1, 0);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(open("p", O_RDONLY), EINTR);
	EXPECT_ERRNO(open("p", O_WRONLY), EINTR);
	conf_poke_stop(poker);
}

CASE(two_names_are_two_pipes_and_links_are_one)
{
	char c;
	int a;
	int b;

	MUST(mkfifo("p", 0600));
	MUST(mkfifo("q", 0600));
	MUST(link("p", "p2"));
	a = MUST(open("p", O_RDWR | O_NONBLOCK));
	b = MUST(open("q", O_RDWR | O_NONBLOCK));
	MUST(write(a, "x", 1));
	EXPECT_ERRNO(read(b, &c, 1), EAGAIN);
	EXPECT_EQ(read(MUST(open("p2", O_RDWR | O_NONBLOCK)), &c, 1), 1);
}

CASE(content_goes_with_the_last_close)
{
	char c;
	int fd;

	MUST(mkfifo("p", 0600));
	fd = MUST(open("p", O_RDWR | O_NONBLOCK));
	MUST(write(fd, "x", 1));
	close(fd);
	fd = MUST(open("p", O_RDWR | O_NONBLOCK));
	EXPECT_ERRNO(read(fd, &c, 1), EAGAIN);
}

CASE(seeking_and_truncating_are_refused)
{
	int fd;

	MUST(mkfifo("p", 0600));
	fd = MUST(open("p", O_RDWR));
	EXPECT_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
	EXPECT_ERRNO(ftruncate(fd, 0), EINVAL);
	EXPECT_ERRNO(mkfifo("p", 0600), EEXIST);
}
