/* System V shared memory, semaphores and message queues. */
#include "tests/conformance/harness.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

CASE(shared_memory_is_attached_twice)
{
	struct shmid_ds ds;
	int id = MUST(shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600));
	char *a = MUST((char *)shmat(id, NULL, 0));
	char *b = MUST((char *)shmat(id, NULL, SHM_RDONLY));

	a[4999] = 'x';
	EXPECT_EQ(b[4999], 'x');
	EXPECT_OK(shmctl(id, IPC_STAT, &ds));
	EXPECT_EQ(ds.shm_segsz, 5000);
	EXPECT_EQ(ds.shm_nattch, 2);
	EXPECT_EQ(ds.shm_cpid, getpid());
	EXPECT_OK(shmdt(a));
	EXPECT_OK(shmctl(id, IPC_RMID, NULL));
	EXPECT_EQ(b[4999], 'x');
	EXPECT_OK(shmdt(b));
	EXPECT_ERRNO(shmctl(id, IPC_STAT, &ds), EINVAL);
}

CASE(shared_memory_is_inherited)
{
	int id = MUST(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
	char *a = MUST((char *)shmat(id, NULL, 0));
	pid_t pid = conf_fork();

	if (pid == 0) {
		a[0] = 'c';
		_exit(0);
	}
	conf_wait(pid);
	EXPECT_EQ(a[0], 'c');
	EXPECT_OK(shmctl(id, IPC_RMID, NULL));
}

CASE(shared_memory_errors)
{
	int id = MUST(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));

	EXPECT_ERRNO(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
	EXPECT_ERRNO(shmget(0x1badf00d, 4096, 0600), ENOENT);
	EXPECT_ERRNO(shmat(-1, NULL, 0), EINVAL);
	EXPECT_ERRNO(shmat(id, (void *)1, 0), EINVAL);
	EXPECT_ERRNO(shmdt(conf_unmapped()), EINVAL);
	EXPECT_OK(shmctl(id, IPC_RMID, NULL));
}

CASE(semaphore_values_and_operations)
{
	unsigned short values[2] = {3, 0};
	union semun arg = {.array = values};
	struct sembuf op = {0, -2, 0};
	int id = MUST(semget(IPC_PRIVATE, 2, IPC_CREAT | 0600));

	EXPECT_OK(semctl(id, 0, SETALL, arg));
	EXPECT_OK(semop(id, &op, 1));
	EXPECT_EQ(semctl(id, 0, GETVAL), 1);
	op.sem_flg = IPC_NOWAIT;
	EXPECT_ERRNO(semop(id, &op, 1), EAGAIN);
	EXPECT_EQ(semctl(id, 0, GETPID), getpid());
	EXPECT_OK(semctl(id, 0, IPC_RMID));
	EXPECT_ERRNO(semop(id, &op, 1), EINVAL);
}

CASE(semaphore_operations_are_all_or_nothing)
{
	struct sembuf ops[2] = {{0, 1, 0}, {1, -1, IPC_NOWAIT}};
	union semun arg = {.val = 0};
	int id = MUST(semget(IPC_PRIVATE, 2, IPC_CREAT | 0600));

	MUST(semctl(id, 0, SETVAL, arg));
	MUST(semctl(id, 1, SETVAL, arg));
	EXPECT_ERRNO(semop(id, ops, 2), EAGAIN);
	EXPECT_EQ(semctl(id, 0, GETVAL), 0);
	MUST(semctl(id, 0, IPC_RMID));
}

CASE(semaphore_waiter_is_woken)
{
	struct sembuf down = {0, -1, 0};
	struct sembuf up = {0, 1, 0};
	union semun arg = {.val = 0};
	int id = MUST(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600));
	pid_t pid;

	MUST(semctl(id, 0, SETVAL, arg));
	pid = conf_fork();
	if (pid == 0)
		_exit(semop(id, &down, 1) != 0);
	WAIT_UNTIL(semctl(id, 0, GETNCNT) == 1);
	EXPECT_OK(semop(id, &up, 1));
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	MUST(semctl(id, 0, IPC_RMID));
}

CASE(semaphore_undo_happens_at_exit)
{
	struct sembuf down = {0, -1, SEM_UNDO};
	union semun arg = {.val = 2};
	int id = MUST(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600));
	pid_t pid;

	MUST(semctl(id, 0, SETVAL, arg));
	pid = conf_fork();
	if (pid == 0) {
		semop(id, &down, 1);
		_exit(semctl(id, 0, GETVAL));
	}
	EXPECT_EQ(conf_wait(pid), EXITED(1));
	EXPECT_EQ(semctl(id, 0, GETVAL), 2);
	MUST(semctl(id, 0, IPC_RMID));
}

CASE(semaphore_wait_times_out_and_removal_wakes)
{
	struct sembuf down = {0, -1, 0};
	struct timespec t = {0, 20000000};
	union semun arg = {.val = 0};
	int id = MUST(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600));
	pid_t pid;

	MUST(semctl(id, 0, SETVAL, arg));
	EXPECT_ERRNO(semtimedop(id, &down, 1, &t), EAGAIN);
	pid = conf_fork();
	if (pid == 0)
		_exit(semop(id, &down, 1) == -1 ? errno : 0);
	WAIT_UNTIL(semctl(id, 0, GETNCNT) == 1);
	MUST(semctl(id, 0, IPC_RMID));
	EXPECT_EQ(conf_wait(pid), EXITED(EIDRM));
}

struct message {
	long type;
	char text[16];
};

CASE(messages_are_chosen_by_type)
{
	struct message m = {1, "one"};
	int id = MUST(msgget(IPC_PRIVATE, IPC_CREAT | 0600));

	EXPECT_OK(msgsnd(id, &m, 4, 0));
	m = (struct message){3, "three"};
	EXPECT_OK(msgsnd(id, &m, 6, 0));
	m = (struct message){2, "two"};
	EXPECT_OK(msgsnd(id, &m, 4, 0));
	EXPECT_EQ(msgrcv(id, &m, 16, 2, 0), 4);
	EXPECT_STR(m.text, "two");
	EXPECT_EQ(msgrcv(id, &m, 16, -3, 0), 4);
	EXPECT_EQ(m.type, 1);
	EXPECT_ERRNO(msgrcv(id, &m, 2, 0, IPC_NOWAIT), E2BIG);
	EXPECT_EQ(msgrcv(id, &m, 2, 0, MSG_NOERROR), 2);
	EXPECT_ERRNO(msgrcv(id, &m, 16, 0, IPC_NOWAIT), ENOMSG);
	MUST(msgctl(id, IPC_RMID, NULL));
}

CASE(message_errors)
{
	struct message m = {0, ""};
	int id = MUST(msgget(IPC_PRIVATE, IPC_CREAT | 0600));

	EXPECT_ERRNO(msgsnd(id, &m, 1, 0), EINVAL);
	m.type = 1;
	EXPECT_ERRNO(msgsnd(-1, &m, 1, 0), EINVAL);
	EXPECT_ERRNO(msgsnd(id, &m, 1 << 20, 0), EINVAL);
	EXPECT_ERRNO(msgsnd(id, conf_unmapped(), 1, 0), EFAULT);
	EXPECT_ERRNO(msgget(0x1badf00d, 0600), ENOENT);
	MUST(msgctl(id, IPC_RMID, NULL));
}

CASE(keys_find_what_exists)
{
	key_t key = 0x5a000000 | (getpid() & 0xffff);
	int id = MUST(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600));

	EXPECT_EQ(shmget(key, 4096, 0600), id);
	EXPECT_EQ(shmget(key, 100, 0), id);
	EXPECT_ERRNO(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	EXPECT_ERRNO(shmget(key, 8192, 0600), EINVAL);
	MUST(shmctl(id, IPC_RMID, NULL));
}
