package slipway.server

import kotlinx.coroutines.Dispatchers
import slipway.Level
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

internal class InvocationTest {
    private val invocation = Invocation("id", null, System.nanoTime(), true, Dispatchers.Default)

    private val isInterrupted get() = Thread.currentThread().isInterrupted

    private fun interrupt() = Thread.currentThread().interrupt()

    private fun messages(): List<String> {
        val (lines) = invocation.lines()
        return lines.map { it.message }
    }

    @AfterTest
    fun calm() {
        Thread.interrupted()
    }

    @Test
    fun `a function whose thread is interrupted logs and prints all the same`() {
        invocation.inside {
            interrupt()
            invocation.write(Level.INFO, "logged")
            invocation.printed(Level.INFO).println("printed")
            invocation.logFailure(IllegalStateException("gave up"))
            assertTrue(isInterrupted)
        }
        val failure = "the function failed: java.lang.IllegalStateException: gave up"
        assertEquals(listOf("logged", "printed", failure), messages().map { it.substringBefore("\n") })
    }

    @Test
    fun `no interrupt is meant for the next invocation on the thread`() {
        interrupt()
        invocation.inside { assertFalse(isInterrupted) }
        invocation.inside(::interrupt)
        assertFalse(isInterrupted)
    }

    @Test
    fun `an interrupt stays within an invocation that is entered twice`() {
        invocation.inside {
            invocation.inside(::interrupt)
            assertTrue(isInterrupted)
        }
    }

    @Test
    fun `an exception that fails to say what it is is logged`() {
        invocation.logFailure(
            object : RuntimeException() {
                override val message get() = error("on purpose")
            },
        )
        assertTrue("fails to say" in messages().single())
    }
}
