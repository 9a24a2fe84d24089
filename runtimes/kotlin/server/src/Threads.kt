package slipway.server

import io.netty.util.concurrent.FastThreadLocalThread
import java.util.concurrent.Executor
import java.util.concurrent.LinkedTransferQueue
import java.util.concurrent.SynchronousQueue
import java.util.concurrent.ThreadFactory
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** Threads as they are needed; those that nobody needs any more end. */
internal object Threads {
    private const val IDLE_SECONDS = 10L

    /** What the loops run on. One more for each call that does not return, so there is no limit but that of the calls. */
    fun ofLoops(): Executor =
        ThreadPoolExecutor(0, Int.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, SynchronousQueue(), loopThreads())

    /** What function code runs on elsewhere: a thread for whatever is to be run, and a queue only beyond [most]. */
    fun ofFunctions(most: Int): Executor {
        val queue = GrowFirst()
        return ThreadPoolExecutor(
            0,
            most,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            queue,
            functionThreads(),
        ) { task, _ -> queue.put(task) }
    }

    fun start(
        name: String,
        body: () -> Unit,
    ) = FastThreadLocalThread(body, name).apply { isDaemon = true }.start()

    private fun loopThreads(): ThreadFactory {
        val count = AtomicInteger()
        return ThreadFactory { task -> FastThreadLocalThread(task, "loop-${count.incrementAndGet()}").apply { isDaemon = true } }
    }

    /** Nothing that a function has set for threads of its own gets to others. */
    private fun functionThreads(): ThreadFactory =
        Thread
            .ofPlatform()
            .name("function-", 1)
            .daemon()
            .inheritInheritableThreadLocals(false)
            .factory()

    /** Takes a task only where a thread waits for it, so that the pool grows first. */
    private class GrowFirst : LinkedTransferQueue<Runnable>() {
        override fun offer(task: Runnable) = tryTransfer(task)
    }
}
