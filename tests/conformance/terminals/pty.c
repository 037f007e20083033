/* Pseudo-terminals: pairs, line discipline, sizes, job control. */
#include "tests/conformance/harness.h"

#include <sys/ioctl.h>
#include <termios.h>

static int master;
static int slave;

static void open_pair(void)
{
	char name[64];

	master = MUST(posix_openpt(O_RDWR | O_NOCTTY));
	MUST(grantpt(master));
	MUST(unlockpt(master));
	REQUIRE(ptsname_r(master, name, sizeof(name)) == 0);
	slave = MUST(open(name, O_RDWR | O_NOCTTY));
}

static void set_flags(tcflag_t off, tcflag_t on)
{
	struct termios t;

	MUST(tcgetattr(slave, &t));
	t.c_lflag = (t.c_lflag & ~off) | on;
	MUST(tcsetattr(slave, TCSANOW, &t));
}

/* Output may come to the master in pieces. */
static ssize_t read_whole(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size && (n = read(fd, text + used, size - used)) > 0)
		used += n;
	return used;
}

CASE(line_waits_for_its_end_and_is_echoed)
{
	struct pollfd p;
	char text[100];

	open_pair();
	p = (struct pollfd){slave, POLLIN, 0};
	MUST(write(master, "abc", 3));
	EXPECT_EQ(poll(&p, 1, 50), 0);
	MUST(write(master, "d\n", 2));
	EXPECT_EQ(poll(&p, 1, 1000), 1);
	EXPECT_EQ(read(slave, text, sizeof(text)), 5);
	EXPECT_MEM(text, "abcd\n", 5);
	EXPECT_EQ(read_whole(master, text, 6), 6);
	EXPECT_MEM(text, "abcd\r\n", 6);
}

CASE(output_newlines_become_two)
{
	char text[100];

	open_pair();
	EXPECT_EQ(write(slave, "a\nb", 3), 3);
	EXPECT_EQ(read_whole(master, text, 4), 4);
	EXPECT_MEM(text, "a\r\nb", 4);
}

CASE(erase_kill_and_eof_edit_the_line)
{
	char text[100];

	open_pair();
	set_flags(ECHO, 0);
	MUST(write(master, "abx\177c\n", 6));
	EXPECT_EQ(read(slave, text, sizeof(text)), 4);
	EXPECT_MEM(text, "abc\n", 4);
	MUST(write(master, "gone\025new\n", 9));
	EXPECT_EQ(read(slave, text, sizeof(text)), 4);
	EXPECT_MEM(text, "new\n", 4);
	MUST(write(master, "ab\004", 3));
	EXPECT_EQ(read(slave, text, sizeof(text)), 2);
	MUST(write(master, "\004", 1));
	EXPECT_EQ(read(slave, text, sizeof(text)), 0);
}

CASE(raw_mode_gives_bytes_at_once)
{
	struct termios t;
	char text[10];

	open_pair();
	MUST(tcgetattr(slave, &t));
	cfmakeraw(&t);
	MUST(tcsetattr(slave, TCSANOW, &t));
	MUST(write(master, "\003x", 2));
	EXPECT_EQ(read(slave, text, sizeof(text)), 2);
	EXPECT_MEM(text, "\003x", 2);
	MUST(write(slave, "\n", 1));
	EXPECT_EQ(read(master, text, sizeof(text)), 1);
}

CASE(defaults_of_a_new_terminal)
{
	struct termios t;

	open_pair();
	EXPECT_OK(tcgetattr(slave, &t));
	RECORD("iflag", t.c_iflag);
	RECORD("oflag", t.c_oflag);
	RECORD("cflag", t.c_cflag);
	RECORD("lflag", t.c_lflag);
	EXPECT_EQ(t.c_cc[VINTR], 3);
	EXPECT_EQ(t.c_cc[VEOF], 4);
	EXPECT_EQ(t.c_cc[VERASE], 0177);
	EXPECT_EQ(isatty(slave), 1);
	EXPECT_EQ(isatty(master), 1);
}

CASE(window_size_is_kept_and_signalled)
{
	struct winsize w = {24, 80, 0, 0};
	struct winsize got;

	open_pair();
	EXPECT_OK(ioctl(slave, TIOCGWINSZ, &got));
	EXPECT_EQ(got.ws_row, 0);
	EXPECT_OK(ioctl(master, TIOCSWINSZ, &w));
	EXPECT_OK(ioctl(slave, TIOCGWINSZ, &got));
	EXPECT_EQ(got.ws_row, 24);
	EXPECT_EQ(got.ws_col, 80);
	EXPECT_ERRNO(ioctl(slave, TIOCGWINSZ, conf_unmapped()), EFAULT);
}

CASE(locked_slave_cannot_be_opened)
{
	char name[64];
	int lock = 1;
	int number = -1;
	int fd = MUST(posix_openpt(O_RDWR | O_NOCTTY));

	EXPECT_OK(ioctl(fd, TIOCGPTN, &number));
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	EXPECT_ERRNO(open(name, O_RDWR | O_NOCTTY), EIO);
	lock = 0;
	EXPECT_OK(ioctl(fd, TIOCSPTLCK, &lock));
	EXPECT_OK(open(name, O_RDWR | O_NOCTTY));
}

CASE(hangup_when_the_master_goes)
{
	struct pollfd p;
	char c;

	open_pair();
	close(master);
	p = (struct pollfd){slave, POLLIN, 0};
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents & POLLHUP, POLLHUP);
	EXPECT_EQ(read(slave, &c, 1), 0);
	EXPECT_ERRNO(write(slave, "x", 1), EIO);
}

CASE(master_reads_eio_when_the_slave_is_closed)
{
	char c;

	open_pair();
	close(slave);
	EXPECT_ERRNO(read(master, &c, 1), EIO);
}

CASE(session_leader_gets_a_controlling_terminal)
{
	pid_t pid;

	open_pair();
	pid = conf_fork();
	if (pid == 0) {
		MUST(setsid());
		EXPECT_OK(ioctl(slave, TIOCSCTTY, 0));
		EXPECT_EQ(tcgetpgrp(slave), getpid());
		EXPECT_EQ(tcgetsid(slave), getpid());
		EXPECT_OK(open("/dev/tty", O_RDWR));
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_ERRNO(tcgetpgrp(slave), ENOTTY);
}

CASE(interrupt_character_signals_the_foreground)
{
	int p[2];
	char c;
	pid_t pid;

	open_pair();
	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		MUST(setsid());
		MUST(ioctl(slave, TIOCSCTTY, 0));
		write(p[1], "r", 1);
		for (;;)
			pause();
	}
	MUST(read(p[0], &c, 1));
	MUST(write(master, "\003", 1));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGINT));
}

CASE(background_reader_is_stopped)
{
	int status = 0;
	pid_t pid;

	open_pair();
	pid = conf_fork();
	if (pid == 0) {
		pid_t back;

		MUST(setsid());
		MUST(ioctl(slave, TIOCSCTTY, 0));
		back = conf_fork();
		if (back == 0) {
			char c;

			MUST(setpgid(0, 0));
			read(slave, &c, 1);
			_exit(0);
		}
		EXPECT_EQ(waitpid(back, &status, WUNTRACED), back);
		EXPECT_EQ(status, SIGTTIN << 8 | 0x7f);
		kill(back, SIGKILL);
		conf_wait(back);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(packet_mode_puts_a_byte_in_front)
{
	int on = 1;
	char text[10];

	open_pair();
	EXPECT_OK(ioctl(master, TIOCPKT, &on));
	MUST(write(slave, "x", 1));
	EXPECT_EQ(read(master, text, sizeof(text)), 2);
	EXPECT_MEM(text, "\0x", 2);
	MUST(tcflush(slave, TCIOFLUSH));
	EXPECT_EQ(read(master, text, sizeof(text)), 1);
	EXPECT(text[0] != 0);
}

CASE(vmin_and_vtime_decide_when_a_read_ends)
{
	struct termios t;
	char text[10];
	long long start;

	open_pair();
	MUST(tcgetattr(slave, &t));
	cfmakeraw(&t);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 1;
	MUST(tcsetattr(slave, TCSANOW, &t));
	start = conf_now_ms();
	EXPECT_EQ(read(slave, text, sizeof(text)), 0);
	EXPECT_RANGE(conf_now_ms() - start, 90, 2000);
	t.c_cc[VTIME] = 0;
	MUST(tcsetattr(slave, TCSANOW, &t));
	EXPECT_EQ(read(slave, text, sizeof(text)), 0);
}
