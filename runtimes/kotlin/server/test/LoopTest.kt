package slipway.server

import io.netty.channel.epoll.EpollIoHandler
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNull
import kotlin.test.assertSame
import kotlin.test.assertTrue

internal class LoopTest {
    /** A call that returns when it is let. */
    private class Held(
        private val loop: Loop,
    ) : Call {
        val begun = CountDownLatch(1)
        val lets = CountDownLatch(1)
        val delivered = CountDownLatch(1)

        @Volatile var wasInLoop = false

        override fun run() {
            begun.countDown()
            lets.await()
        }

        override fun deliver() {
            wasInLoop = loop.inEventLoop()
            delivered.countDown()
        }
    }

    private fun loop(handsOver: Boolean = false): Loop {
        val elsewhere = Executor { Threads.start("elsewhere", it::run) }
        return Loop(EpollIoHandler.newFactory(), Threads.ofLoops(), { handsOver }, elsewhere).apply { start() }
    }

    private fun CountDownLatch.isDone() = await(5, TimeUnit.SECONDS)

    private fun Loop.made(call: Held): Held {
        execute { make(call) }
        assertTrue(call.begun.isDone())
        return call
    }

    @Test
    fun `a call runs on the loop's thread and is delivered there`() {
        val loop = loop()
        val call = loop.made(Held(loop))
        assertSame(call, loop.current())
        call.lets.countDown()
        assertTrue(call.delivered.isDone() && call.wasInLoop)
        assertFalse(loop.takeOver(call))
        assertNull(loop.current())
    }

    @Test
    fun `what waits behind a call that does not return goes on when the loop is taken over`() {
        val loop = loop()
        val first = Held(loop)
        val second = Held(loop).apply { lets.countDown() }
        loop.execute {
            loop.make(first)
            loop.make(second)
        }
        assertTrue(first.begun.isDone())
        assertEquals(1, second.begun.count)
        assertTrue(loop.takeOver(first))
        assertTrue(second.delivered.isDone() && second.wasInLoop)
        assertEquals(1, first.delivered.count)
        first.lets.countDown()
        assertTrue(first.delivered.isDone() && first.wasInLoop)
    }

    @Test
    fun `a loop that hands over holds no thread of its own`() {
        val loop = loop(handsOver = true)
        val call = loop.made(Held(loop))
        assertNull(loop.current())
        val task = CountDownLatch(1)
        loop.execute(task::countDown)
        assertTrue(task.isDone())
        call.lets.countDown()
        assertTrue(call.delivered.isDone() && call.wasInLoop)
    }

    @Test
    fun `a call that fails takes no loop along`() {
        val loop = loop()
        val delivered = CountDownLatch(1)
        val failing =
            object : Call {
                override fun run() = error("on purpose")

                override fun deliver() = delivered.countDown()
            }
        loop.execute { loop.make(failing) }
        assertTrue(delivered.isDone())
        assertTrue(loop.made(Held(loop).apply { lets.countDown() }).delivered.isDone())
    }
}
