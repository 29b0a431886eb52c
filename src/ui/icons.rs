//! The icon set: strokes on a grid of 24, drawn for this page.

use leptos::prelude::*;

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Plus,
    Minus,
    Picture,
    Folder,
    Close,
    Check,
    Warning,
    Info,
    Question,
    Download,
    Retry,
    Pause,
    Play,
    Stop,
    Trash,
    Undo,
    Redo,
    Copy,
    Layers,
    Sun,
    Moon,
    System,
    Chevron,
    Back,
    Code,
    Pen,
    More,
    Sliders,
    Up,
    Down,
    Graph,
    Fit,
    Link,
    Pin,
}

impl Shape {
    const fn path(self) -> &'static str {
        match self {
            Self::Plus => "M12 5v14M5 12h14",
            Self::Minus => "M5 12h14",
            Self::Picture => "M4 5h16v14H4zM4 16l4.5-4.5 4 4L15 13l5 4.5M15.5 9h.01",
            Self::Folder => "M3.5 18.5v-13h6l2 2.5h9v10.5z",
            Self::Close => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Warning => "M12 4.5L21 19.5H3zM12 10v4.5M12 17h.01",
            Self::Info => "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17zM12 11v5M12 8h.01",
            Self::Question => {
                "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17zM9.6 9.6a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.2.9-1.2 1.8M12 16.6h.01"
            }
            Self::Download => "M12 4v11M7.5 11L12 15.5 16.5 11M5 20h14",
            Self::Retry => "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15",
            Self::Pause => "M8.5 6v12M15.5 6v12",
            Self::Play => "M8 5.5v13l10.5-6.5z",
            Self::Stop => "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17zM6.2 6.2l11.6 11.6",
            Self::Trash => "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10.5 11v5M13.5 11v5",
            Self::Undo => "M8.5 5L4.5 9l4 4M5 9h9a5 5 0 0 1 0 10h-4",
            Self::Redo => "M15.5 5l4 4-4 4M19 9h-9a5 5 0 0 0 0 10h4",
            Self::Copy => "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
            Self::Layers => "M12 4l8.5 4.5L12 13 3.5 8.5zM4 13l8 4.3 8-4.3",
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"
            }
            Self::Moon => "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
            Self::System => "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17",
            Self::Chevron => "M9 6l6 6-6 6",
            Self::Back => "M15 6l-6 6 6 6",
            Self::Pen => "M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5zM14 6.5l3.5 3.5",
            Self::More => {
                "M5.2 12a.8.8 0 1 0 1.6 0a.8.8 0 1 0-1.6 0M11.2 12a.8.8 0 1 0 1.6 0a.8.8 0 1 0-1.6 0M17.2 12a.8.8 0 1 0 1.6 0a.8.8 0 1 0-1.6 0"
            }
            Self::Sliders => {
                "M4 7h8.5M17.5 7H20M15 9.5a2.5 2.5 0 1 0 0-5a2.5 2.5 0 0 0 0 5zM4 17h2.5M11.5 17H20M9 19.5a2.5 2.5 0 1 0 0-5a2.5 2.5 0 0 0 0 5z"
            }
            Self::Up => "M12 19V5.5M6 11l6-6 6 6",
            Self::Down => "M12 5v13.5M6 13l6 6 6-6",
            Self::Graph => "M3.5 4.5h6v5h-6zM14.5 14.5h6v5h-6zM9.5 7h4.5v10M14 17h.5",
            Self::Link => {
                "M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 1 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 1 0 5.7 5.7l1-1"
            }
            Self::Pin => "M12 14v7M8 3.5h8l-1 6 3.5 4.5h-13L9 9.5z",
            Self::Fit => "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15",
            Self::Code => "M8.5 7L3.5 12l5 5M15.5 7l5 5-5 5",
        }
    }
}

/// An icon as decoration: a text or label next to it carries the meaning.
#[component]
pub(crate) fn Icon(shape: Shape) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="1.75"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=shape.path()/>
        </svg>
    }
}

/// The product's mark: four blades around one pixel.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! {
        <svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">
            <rect x="2" y="2" width="11.5" height="7.5" rx="1.8"/>
            <rect x="14.5" y="2" width="7.5" height="11.5" rx="1.8" opacity=".7"/>
            <rect x="10.5" y="14.5" width="11.5" height="7.5" rx="1.8"/>
            <rect x="2" y="10.5" width="7.5" height="11.5" rx="1.8" opacity=".7"/>
            <rect x="10.5" y="10.5" width="3" height="3" rx=".8"/>
        </svg>
    }
}
