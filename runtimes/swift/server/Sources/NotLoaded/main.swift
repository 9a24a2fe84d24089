// Launched where there is no built function: it says so to whoever asks.
import SlipwayServer

serve(nil)
